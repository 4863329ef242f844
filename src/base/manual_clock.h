// A clock that stands still until it is told to move: for tests and the simulator.
#pragma once

#include <mutex>

#include "base/clock.h"
#include "base/timer_queue.h"

namespace aion {

/// Time moves only by advance(); timers fire inside it, in order of their time, then of their
/// making.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override;
  [[nodiscard]] std::unique_ptr<Timer> at(TimePoint when, std::function<void()> fire) override;

  /// Moves time forward and fires every timer that falls due, on the calling thread.
  void advance(Duration by);

 private:
  void set(TimePoint now);

  mutable std::mutex mutex_;
  TimePoint now_{};
  TimerQueue timers_;
};

}  // namespace aion
