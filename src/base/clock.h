// Time as the house sees it: what o'clock it is, and timers that wait for it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace aion {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

/// A deadline that never comes.
inline constexpr TimePoint kNever = TimePoint::max();

/// A timer that has been set. Destroying or cancelling it prevents the call, unless it has begun.
class Timer {
 public:
  virtual ~Timer() = default;
};

/// Where time comes from. Everything that waits takes a Clock, so that a test or the simulator can
/// drive it.
///
/// Thread safety: all methods may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;

  [[nodiscard]] virtual TimePoint now() const = 0;

  /// Calls `fire` once, at `when` or as soon after as the clock can, never before; on a thread of
  /// the clock's own choosing, which `fire` may not block. A time in the past fires soon, never
  /// inside the call.
  [[nodiscard]] virtual std::unique_ptr<Timer> at(TimePoint when, std::function<void()> fire) = 0;
};

}  // namespace aion
