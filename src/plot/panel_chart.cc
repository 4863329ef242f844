// Each series by itself, one below the other.
#include "plot/frame.h"

namespace aion::plot {
namespace {

constexpr double kWidth = 960;
constexpr double kLeft = 68;
constexpr double kRight = 28;
constexpr double kPanel = 74;
constexpr double kBetween = 26;  // with the name of the series
constexpr double kTextSize = 12;

void add_panel(
    const Series& series, Ink ink, const Projection& x, const Projection& y, Drawing& on) {
  for (std::size_t i = 0; i + 1 < series.points.size(); ++i) {
    const double left = x(series.points[i].x);
    const double top = y(series.points[i].y);
    const double width = x(series.points[i + 1].x) - left;
    if (top < y.first && width > 0) {
      on.add(Box{{left, top}, width, y.first - top, ink, 1});
    }
  }
  on.add(Path{{{x.first, y.first}, {x.last, y.first}}, 1, Ink::Muted});
}

}  // namespace

Drawing draw(const PanelChart& chart) {
  Drawing drawing;
  drawing.width = kWidth;
  const double top = add_title({chart.title, chart.subtitle, {}}, drawing);
  const auto panels = static_cast<double>(chart.series.size());
  const double bottom = top + panels * (kPanel + kBetween);
  drawing.height = bottom + 50;
  const Projection x{
      *chart.x.low, *chart.x.high, kLeft, kWidth - kRight, chart.x.scale == Scale::LogDuration};
  add_x_axis(chart.x, x, top + kBetween, bottom, drawing);
  double from = top + kBetween;
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    const Projection y{*chart.y.low, *chart.y.high, from + kPanel, from, false};
    Label name{{kLeft, from - 7}, chart.series[i].name, kTextSize, Ink::Text};
    name.is_bold = true;
    drawing.add(std::move(name));
    for (const Tick& tick : ticks(y.low, y.high, 2, chart.y.scale)) {
      drawing.add(Path{{{x.first, y(tick.at)}, {x.last, y(tick.at)}}, 1, Ink::Grid});
      drawing.add(
          Label{{kLeft - 8, y(tick.at) + 4}, tick.text, kTextSize, Ink::Muted, Anchor::End});
    }
    add_panel(chart.series[i], series_ink(i), x, y, drawing);
    from += kPanel + kBetween;
  }
  return drawing;
}

}  // namespace aion::plot
