// Lines over one axis.
#include <algorithm>
#include <cmath>
#include <limits>

#include "plot/frame.h"

namespace aion::plot {
namespace {

constexpr double kLineWidth = 1.8;

struct Bounds {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

/// The axis with both ends: the data's where they are not told, never one point.
Axis settled(Axis axis, const Bounds& data) {
  const bool is_log = axis.scale == Scale::LogDuration;
  const bool has_data = data.low <= data.high;
  axis.low = axis.low.value_or(has_data ? data.low : 0);
  axis.high = axis.high.value_or(has_data ? data.high : 1);
  if (is_log) {
    axis.low = std::max(*axis.low, 1.0);
    axis.high = std::max(*axis.high, *axis.low * 10);
  }
  if (!(*axis.high > *axis.low)) {
    axis.high = *axis.low + 1;
  }
  return axis;
}

/// The points on the drawing, where a step is two lines.
std::vector<Point> projected(const Series& series, const Frame& on) {
  std::vector<Point> line;
  line.reserve(series.points.size() * (series.is_step ? 2 : 1));
  for (const Point& point : series.points) {
    const Point at{on.x(point.x), on.y(point.y)};
    if (series.is_step && !line.empty()) {
      line.push_back({at.x, line.back().y});
    }
    line.push_back(at);
  }
  return line;
}

/// Of all points in one column of pixels the first, the least, the greatest and the last.
std::vector<Point> thinned(const std::vector<Point>& line) {
  std::vector<Point> kept;
  for (std::size_t begin = 0; begin < line.size();) {
    const double column = std::floor(line[begin].x);
    std::size_t end = begin;
    std::size_t least = begin;
    std::size_t greatest = begin;
    for (; end < line.size() && std::floor(line[end].x) == column; ++end) {
      least = line[end].y < line[least].y ? end : least;
      greatest = line[end].y > line[greatest].y ? end : greatest;
    }
    const auto [early, late] = std::minmax(least, greatest);
    std::size_t last = end;  // none yet
    for (const std::size_t at : {begin, early, late, end - 1}) {
      if (at != last) {
        kept.push_back(line[at]);
        last = at;
      }
    }
    begin = end;
  }
  return kept;
}

}  // namespace

Drawing draw(const LineChart& chart) {
  Bounds x;
  Bounds y;
  FrameWords words{chart.title, chart.subtitle, {}};
  for (const Series& series : chart.series) {
    words.legend.push_back(series.name);
    for (const Point& point : series.points) {
      x.add(point.x);
      y.add(point.y);
    }
  }
  Frame on = frame(words, settled(chart.x, x), settled(chart.y, y), {});
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    auto line = thinned(projected(chart.series[i], on));
    if (!line.empty()) {
      on.drawing.add(Path{std::move(line), kLineWidth, series_ink(i)});
    }
  }
  return std::move(on.drawing);
}

}  // namespace aion::plot
