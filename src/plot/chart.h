// Charts: what is shown, and the drawings of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plot/drawing.h"
#include "plot/ticks.h"

namespace aion::plot {

struct Axis {
  std::string name;  // with the unit where the ticks do not say it
  Scale scale = Scale::Number;
  std::optional<double> low = std::nullopt;  // as the data where not set
  std::optional<double> high = std::nullopt;
};

struct Series {
  std::string name;
  std::vector<Point> points;  // in the units of the axes, x ascending
  bool is_step = false;       // holds its value until the next point
};

/// Lines over one axis. A series with more points than pixels is thinned out so that every column
/// of pixels still shows its first, least, greatest and last value.
struct LineChart {
  std::string title;
  std::string subtitle;
  Axis x;
  Axis y;
  std::vector<Series> series;
};
[[nodiscard]] Drawing draw(const LineChart& chart);

/// Each series by itself, one below the other, filled down to the low end of y: for lines that
/// would hide each other. The points are steps.
struct PanelChart {
  std::string title;
  std::string subtitle;
  Axis x;  // both ends set
  Axis y;  // the same for all, both ends set
  std::vector<Series> series;
};
[[nodiscard]] Drawing draw(const PanelChart& chart);

/// One bar to the right for each name, from 0, with its value behind it.
struct BarChart {
  struct Bar {
    std::string name;
    double value;
  };
  std::string title;
  std::string subtitle;
  Axis x;
  std::vector<Bar> bars;
};
[[nodiscard]] Drawing draw(const BarChart& chart);

/// Who holds which lanes when. Up to 3,000 bars are drawn one by one, in the ink of their group;
/// more are too small to be told apart, so cells are drawn instead, the darker, the larger the part
/// of their lanes and time that is held: no bar is left out, and none looks larger than it is.
struct GanttChart {
  struct Bar {
    double begin;  // seconds
    double end;
    double lane;  // first
    double lanes;
    std::uint32_t group;
  };
  std::string title;
  std::string subtitle;
  std::string lanes_name;
  double lanes = 0;
  double begin = 0;  // of the time that is shown
  double end = 0;
  std::vector<Bar> bars;
};
[[nodiscard]] Drawing draw(const GanttChart& chart);

}  // namespace aion::plot
