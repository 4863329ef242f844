#include "plot/canvas.h"

#include <algorithm>
#include <cmath>

namespace aion::plot {
namespace {

/// How much of the pixel at `at` lies between `from` and `to`.
double overlap(double from, double to, std::size_t at) {
  const auto begin = static_cast<double>(at);
  return std::clamp(std::min(to, begin + 1) - std::max(from, begin), 0.0, 1.0);
}

double distance(Point p, Point a, Point b) {
  const double dx = b.x - a.x;
  const double dy = b.y - a.y;
  const double square = dx * dx + dy * dy;
  const double along =
      square > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / square, 0.0, 1.0) : 0;
  return std::hypot(p.x - (a.x + along * dx), p.y - (a.y + along * dy));
}

/// The pixels from `low` to `high` that are in the picture: [first, last).
struct Range {
  std::size_t first;
  std::size_t last;
};

Range range(double low, double high, std::size_t size) {
  const auto most = static_cast<double>(size);
  return {static_cast<std::size_t>(std::clamp(std::floor(low), 0.0, most)),
          static_cast<std::size_t>(std::clamp(std::ceil(high), 0.0, most))};
}

}  // namespace

Canvas::Canvas(std::size_t width, std::size_t height, Color background)
    : width_(width), height_(height), pixels_(width * height * 3), mask_(width * height) {
  for (std::size_t i = 0; i < pixels_.size(); i += 3) {
    pixels_[i] = background.red;
    pixels_[i + 1] = background.green;
    pixels_[i + 2] = background.blue;
  }
}

void Canvas::mix(std::size_t x, std::size_t y, Color color, double share) {
  std::uint8_t* const pixel = pixels_.data() + (y * width_ + x) * 3;
  const std::uint8_t parts[] = {color.red, color.green, color.blue};
  for (std::size_t i = 0; i < 3; ++i) {
    pixel[i] = static_cast<std::uint8_t>(std::lround(pixel[i] + (parts[i] - pixel[i]) * share));
  }
}

void Canvas::fill(Point corner, double width, double height, Color color, double opacity) {
  const Range columns = range(corner.x, corner.x + width, width_);
  const Range rows = range(corner.y, corner.y + height, height_);
  for (std::size_t y = rows.first; y < rows.last; ++y) {
    const double high = overlap(corner.y, corner.y + height, y);
    for (std::size_t x = columns.first; x < columns.last; ++x) {
      mix(x, y, color, opacity * high * overlap(corner.x, corner.x + width, x));
    }
  }
}

void Canvas::cover(Point a, Point b, double radius) {
  const double reach = radius + 1;
  const Range rows = range(std::min(a.y, b.y) - reach, std::max(a.y, b.y) + reach, height_);
  const Range columns = range(std::min(a.x, b.x) - reach, std::max(a.x, b.x) + reach, width_);
  for (std::size_t y = rows.first; y < rows.last; ++y) {
    for (std::size_t x = columns.first; x < columns.last; ++x) {
      const Point center{static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5};
      const auto share =
          static_cast<float>(std::clamp(radius + 0.5 - distance(center, a, b), 0.0, 1.0));
      float& covered = mask_[y * width_ + x];
      if (share > covered) {
        if (covered == 0) {
          touched_.push_back(y * width_ + x);
        }
        covered = share;
      }
    }
  }
}

void Canvas::stroke(std::span<const Point> points, double width, Color color) {
  // A line thinner than a pixel is a pixel wide and paler.
  const double radius = std::max(width, 1.0) / 2;
  const double strength = std::min(width, 1.0);
  for (std::size_t i = 0; i < points.size(); ++i) {
    cover(points[i], points[std::min(i + 1, points.size() - 1)], radius);
  }
  for (const std::size_t at : touched_) {
    mix(at % width_, at / width_, color, strength * mask_[at]);
    mask_[at] = 0;
  }
  touched_.clear();
}

}  // namespace aion::plot
