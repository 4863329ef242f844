// How much of a device those have had of late who are promised some of it, or come first.
#pragma once

#include <algorithm>
#include <cmath>

#include "base/clock.h"

namespace aion::serving {

/// Times of runs, forgotten by and by: of what was a second ago, 37 % count.
///
/// Thread safety: one at a time.
class DeviceShares {
 public:
  enum class Part : std::uint8_t { Safety, Floor, Rest };

  void add(Part part, Duration run, TimePoint now) {
    forget(now);
    const double seconds = std::chrono::duration<double>(run).count();
    safety_ += part == Part::Safety ? seconds : 0;
    floor_ += part == Part::Floor ? seconds : 0;
  }
  /// Of `slots` slots, 0 to 1.
  [[nodiscard]] double safety(std::size_t slots) const {
    return std::min(1.0, safety_ / static_cast<double>(slots));
  }
  /// Whether the promised part of one slot has not been had.
  [[nodiscard]] bool is_floor_owed(TimePoint now) {
    forget(now);
    return floor_ < kFloor;
  }

 private:
  // Too little to make others late who would be in time, enough for the longest model to end.
  static constexpr double kFloor = 0.05;

  void forget(TimePoint now) {
    const double kept = std::exp(-std::chrono::duration<double>(now - last_).count());
    last_ = now;
    safety_ *= kept;
    floor_ *= kept;
  }

  double safety_ = 0;  // seconds
  double floor_ = 0;
  TimePoint last_{};
};

}  // namespace aion::serving
