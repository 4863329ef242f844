#include "plot/frame.h"

#include <algorithm>
#include <cmath>

namespace aion::plot {
namespace {

constexpr double kEdge = 20;
constexpr double kTitleSize = 17;
constexpr double kTextSize = 12;
constexpr double kLegendRow = 20;
constexpr double kMark = 14;  // of a legend
constexpr double kPixelsPerXTick = 110;
constexpr double kPixelsPerYTick = 55;

/// Rows of names, as many as fit side by side; gives the height.
double add_legend(const std::vector<std::string>& names, double top, Drawing& drawing) {
  if (names.size() < 2) {
    return 0;
  }
  double left = kEdge;
  double y = top;
  for (std::size_t i = 0; i < names.size(); ++i) {
    // The viewer's own letters may be wider than ours.
    const double width = kMark + 6 + text_width(names[i], kTextSize) * 1.1 + 18;
    if (left + width > drawing.width && left > kEdge) {
      left = kEdge;
      y += kLegendRow;
    }
    drawing.add(Path{{{left, y + 8}, {left + kMark, y + 8}}, 3.5, series_ink(i)});
    drawing.add(Label{{left + kMark + 6, y + 12}, names[i], kTextSize, Ink::Text});
    left += width;
  }
  return y + kLegendRow - top + 4;
}

void add_y_axis(const Axis& axis, const Projection& y, const Projection& x, Drawing& drawing) {
  const int wanted = std::max(2, static_cast<int>((y.first - y.last) / kPixelsPerYTick));
  for (const Tick& tick : ticks(y.low, y.high, wanted, axis.scale)) {
    const double at = y(tick.at);
    drawing.add(Path{{{x.first, at}, {x.last, at}}, 1, Ink::Grid});
    drawing.add(Label{{x.first - 8, at + 4}, tick.text, kTextSize, Ink::Muted, Anchor::End});
  }
  Label name{{kEdge - 3, (y.first + y.last) / 2}, axis.name, kTextSize, Ink::Muted};
  name.anchor = Anchor::Middle;
  name.is_upright = true;
  drawing.add(std::move(name));
}

}  // namespace

double Projection::operator()(double value) const {
  const auto place = [this](double of) {
    return is_log ? std::log10(std::max(of, 1.0)) : of;
  };
  const double share = (place(value) - place(low)) / (place(high) - place(low));
  return first + std::clamp(share, 0.0, 1.0) * (last - first);
}

double add_title(const FrameWords& words, Drawing& drawing) {
  drawing.title = words.title;
  double y = kEdge + 8;
  Label title{{kEdge, y}, words.title, kTitleSize, Ink::Text};
  title.is_bold = true;
  drawing.add(std::move(title));
  if (!words.subtitle.empty()) {
    y += 20;
    drawing.add(Label{{kEdge, y}, words.subtitle, kTextSize, Ink::Muted});
  }
  return y + 14;
}

void add_x_axis(
    const Axis& axis, const Projection& x, double top, double bottom, Drawing& drawing) {
  const int wanted = std::max(2, static_cast<int>((x.last - x.first) / kPixelsPerXTick));
  for (const Tick& tick : ticks(x.low, x.high, wanted, axis.scale)) {
    const double at = x(tick.at);
    drawing.add(Path{{{at, top}, {at, bottom}}, 1, Ink::Grid});
    drawing.add(Label{{at, bottom + 17}, tick.text, kTextSize, Ink::Muted, Anchor::Middle});
  }
  drawing.add(Path{{{x.first, bottom}, {x.last, bottom}}, 1, Ink::Muted});
  drawing.add(Label{
      {(x.first + x.last) / 2, bottom + 36}, axis.name, kTextSize, Ink::Muted, Anchor::Middle});
}

Frame frame(const FrameWords& words, const Axis& x, const Axis& y, FrameSize size) {
  Frame made;
  made.drawing.width = size.width;
  made.drawing.height = size.height;
  double top = add_title(words, made.drawing);
  top += add_legend(words.legend, top, made.drawing) + 6;
  const double bottom = size.height - 50;
  made.x = {*x.low, *x.high, size.left, size.width - kEdge - 8, x.scale == Scale::LogDuration};
  made.y = {*y.low, *y.high, bottom, top, y.scale == Scale::LogDuration};
  add_y_axis(y, made.y, made.x, made.drawing);
  add_x_axis(x, made.x, top, bottom, made.drawing);
  return made;
}

}  // namespace aion::plot
