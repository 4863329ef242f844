// What every chart has around its data: title, axes, grid, legend.
#pragma once

#include <string>
#include <vector>

#include "plot/chart.h"

namespace aion::plot {

/// An axis with its ends settled, laid over pixels.
struct Projection {
  double low = 0;
  double high = 1;
  double first = 0;  // the pixel of `low`
  double last = 0;
  bool is_log = false;

  /// A value beyond the ends lies at the end.
  [[nodiscard]] double operator()(double value) const;
};

/// Where the data goes.
struct Frame {
  Drawing drawing;
  Projection x;
  Projection y;
};

struct FrameWords {
  std::string title;
  std::string subtitle;
  std::vector<std::string> legend;  // in the inks of the series; none when fewer than two
};

struct FrameSize {
  double width = 960;
  double height = 440;
  double left = 68;  // for the words of the y axis
};

/// Title, legend, grid and both axes; the axes' ends are set.
[[nodiscard]] Frame frame(const FrameWords& words, const Axis& x, const Axis& y, FrameSize size);

/// Title and subtitle alone; gives how many pixels they take from above.
double add_title(const FrameWords& words, Drawing& drawing);

/// The grid lines and ticks of an x axis below the data.
void add_x_axis(const Axis& axis, const Projection& x, double top, double bottom, Drawing& drawing);

}  // namespace aion::plot
