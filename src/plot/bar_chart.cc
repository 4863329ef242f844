// One bar a name.
#include <algorithm>

#include "plot/frame.h"

namespace aion::plot {
namespace {

constexpr double kWidth = 960;
constexpr double kRow = 30;
constexpr double kThickness = 18;
constexpr double kTextSize = 12;
constexpr double kValueRoom = 70;

std::string text_of(double value, Scale scale) {
  switch (scale) {
    case Scale::Share:
      return short_number(value * 100) + " %";
    case Scale::Duration:
    case Scale::LogDuration:
      return short_duration(value);
    default:
      return short_number(value);
  }
}

}  // namespace

Drawing draw(const BarChart& chart) {
  Drawing drawing;
  drawing.width = kWidth;
  const double top = add_title({chart.title, chart.subtitle, {}}, drawing) + 6;
  const double bottom = top + kRow * static_cast<double>(chart.bars.size());
  drawing.height = bottom + 50;
  double names = 40;
  double most = 0;
  for (const BarChart::Bar& bar : chart.bars) {
    names = std::max(names, text_width(bar.name, kTextSize) * 1.15);
    most = std::max(most, bar.value);
  }
  Axis axis = chart.x;
  axis.low = axis.low.value_or(0);
  axis.high = axis.high.value_or(most > 0 ? most : 1);
  const Projection x{
      *axis.low, *axis.high, 28 + names, kWidth - kValueRoom, axis.scale == Scale::LogDuration};
  add_x_axis(axis, x, top, bottom, drawing);
  double y = top;
  for (const BarChart::Bar& bar : chart.bars) {
    const double end = x(bar.value);
    const double middle = y + kRow / 2 + 4;
    drawing.add(
        Box{{x.first, y + (kRow - kThickness) / 2}, end - x.first, kThickness, Ink::Series0, 1});
    drawing.add(Label{{x.first - 8, middle}, bar.name, kTextSize, Ink::Text, Anchor::End});
    drawing.add(Label{{end + 6, middle}, text_of(bar.value, axis.scale), kTextSize, Ink::Muted});
    y += kRow;
  }
  return drawing;
}

}  // namespace aion::plot
