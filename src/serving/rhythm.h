// Whether requests come at regular intervals, and when the next one will.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "base/clock.h"

namespace aion::serving {

/// Remembers when requests came. Those within a tenth of a second are one: a burst is one call of a
/// periodic caller.
///
/// Thread safety: none.
class Rhythm {
 public:
  static constexpr Duration kBurst = std::chrono::milliseconds(100);

  void note(TimePoint now);

  /// When the next request is expected, if the last ones came in even intervals. Nothing when two
  /// expected ones have not come.
  [[nodiscard]] std::optional<TimePoint> next(TimePoint now) const;

 private:
  static constexpr std::size_t kIntervals = 4;
  TimePoint last_{};
  std::array<Duration, kIntervals> intervals_{};
  std::size_t count_ = 0;  // of intervals that have been seen
};

}  // namespace aion::serving
