// A picture of pixels, drawn with smooth edges.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "plot/drawing.h"

namespace aion::plot {

/// Coordinates are pixels; a shape that covers half of a pixel colours it half. What lies outside
/// is cut off. Colours are mixed as they are (sRGB values), as browsers do.
class Canvas {
 public:
  Canvas(std::size_t width, std::size_t height, Color background);

  void fill(Point corner, double width, double height, Color color, double opacity);
  /// A line with round ends and corners; where it crosses itself, it is not darker.
  void stroke(std::span<const Point> points, double width, Color color);

  [[nodiscard]] std::size_t width() const { return width_; }
  [[nodiscard]] std::size_t height() const { return height_; }
  /// Rows from above, three bytes (red, green, blue) a pixel.
  [[nodiscard]] std::span<const std::uint8_t> pixels() const { return pixels_; }

 private:
  void mix(std::size_t x, std::size_t y, Color color, double share);
  void cover(Point a, Point b, double radius);

  std::size_t width_;
  std::size_t height_;
  std::vector<std::uint8_t> pixels_;
  std::vector<float> mask_;           // of the line that is being drawn
  std::vector<std::size_t> touched_;  // pixels of the mask that are not 0
};

}  // namespace aion::plot
