// Who holds which lanes when.
#include <algorithm>
#include <cmath>

#include "plot/frame.h"

namespace aion::plot {
namespace {

constexpr std::size_t kMostBars = 3'000;
constexpr FrameSize kSize{1100, 520, 68};
constexpr double kCell = 2;  // pixels; smaller ones cannot be told apart
constexpr int kShades = 16;
constexpr double kGap = 0.6;  // between bars that are large enough for one

/// How much of each cell is held.
class Cells {
 public:
  Cells(const Frame& on, double lanes)
      : x_(on.x),
        y_(on.y),
        columns_(static_cast<std::size_t>((on.x.last - on.x.first) / kCell)),
        rows_(std::max<std::size_t>(
            1, static_cast<std::size_t>(std::min(lanes, (on.y.first - on.y.last) / kCell)))),
        held_(columns_ * rows_) {}

  void add(const GanttChart::Bar& bar) {
    const double left = column(bar.begin);
    const double right = column(bar.end);
    const double low = row(bar.lane);
    const double high = row(bar.lane + bar.lanes);
    for (auto r = static_cast<std::size_t>(low); r < rows_ && static_cast<double>(r) < high; ++r) {
      const double part = overlap(low, high, r);
      for (auto c = static_cast<std::size_t>(left); c < columns_ && static_cast<double>(c) < right;
           ++c) {
        held_[r * columns_ + c] += part * overlap(left, right, c);
      }
    }
  }

  /// Boxes of one shade behind each other; equal neighbours of a row are one.
  void draw(Drawing& drawing) const {
    for (int shade = 1; shade <= kShades; ++shade) {
      for (std::size_t r = 0; r < rows_; ++r) {
        add_row(r, shade, drawing);
      }
    }
  }

 private:
  static double overlap(double from, double to, std::size_t at) {
    const auto begin = static_cast<double>(at);
    return std::max(std::min(to, begin + 1) - std::max(from, begin), 0.0);
  }

  [[nodiscard]] double column(double seconds) const {
    return (x_(seconds) - x_.first) / (x_.last - x_.first) * static_cast<double>(columns_);
  }
  [[nodiscard]] double row(double lane) const {
    return (y_.first - y_(lane)) / (y_.first - y_.last) * static_cast<double>(rows_);
  }

  /// What is held a little must not look empty, so shades are rounded up.
  [[nodiscard]] int shade_of(double held) const {
    return std::min(static_cast<int>(std::ceil(held * kShades - 1e-6)), kShades);
  }

  /// Edges on whole pixels, so that nothing shines through between cells.
  [[nodiscard]] double edge(std::size_t r) const {
    return std::round(y_.first -
                      (y_.first - y_.last) * static_cast<double>(r) / static_cast<double>(rows_));
  }

  void add_row(std::size_t r, int shade, Drawing& drawing) const {
    const double width = (x_.last - x_.first) / static_cast<double>(columns_);
    for (std::size_t c = 0; c < columns_; ++c) {
      const std::size_t begin = c;
      while (c < columns_ && shade_of(held_[r * columns_ + c]) == shade) {
        ++c;
      }
      if (c > begin) {
        drawing.add(Box{{x_.first + static_cast<double>(begin) * width, edge(r + 1)},
                        static_cast<double>(c - begin) * width,
                        edge(r) - edge(r + 1),
                        Ink::Series0,
                        static_cast<double>(shade) / kShades});
      }
    }
  }

  Projection x_;
  Projection y_;
  std::size_t columns_;
  std::size_t rows_;
  std::vector<double> held_;
};

void draw_bars(const GanttChart& chart, Frame& on) {
  for (const GanttChart::Bar& bar : chart.bars) {
    const double left = on.x(bar.begin);
    const double top = on.y(bar.lane + bar.lanes);
    const double width = on.x(bar.end) - left;
    const double height = on.y(bar.lane) - top;
    const double gap = std::min(width, height) > 4 * kGap ? kGap : 0;
    on.drawing.add(Box{{left, top}, width - gap, height - gap, series_ink(bar.group), 1});
  }
}

}  // namespace

Drawing draw(const GanttChart& chart) {
  const bool is_dense = chart.bars.size() > kMostBars;
  FrameWords words{chart.title, chart.subtitle, {}};
  if (is_dense) {
    words.subtitle += words.subtitle.empty() ? "" : "; ";
    words.subtitle += "too many to draw one by one: the darker, the larger the part in use";
  }
  const double end = chart.end > chart.begin ? chart.end : chart.begin + 1;
  const Axis time{"time", Scale::Duration, chart.begin, end};
  const Axis lanes{chart.lanes_name, Scale::Number, 0, std::max(chart.lanes, 1.0)};
  Frame on = frame(words, time, lanes, kSize);
  if (!is_dense) {
    draw_bars(chart, on);
    return std::move(on.drawing);
  }
  Cells cells(on, chart.lanes);
  for (const GanttChart::Bar& bar : chart.bars) {
    cells.add(bar);
  }
  cells.draw(on.drawing);
  return std::move(on.drawing);
}

}  // namespace aion::plot
