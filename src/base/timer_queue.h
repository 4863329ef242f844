// Timers in the order in which they fall due, for those who drive them.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"

namespace aion {

/// Thread safety: all methods may be called from any thread. The timers may outlive the queue.
class TimerQueue {
 public:
  TimerQueue();

  /// `fire` is called by whoever takes it, unless the timer is destroyed before.
  [[nodiscard]] std::unique_ptr<Timer> add(TimePoint when, std::function<void()> fire);

  /// When the first falls due; kNever if there is none.
  [[nodiscard]] TimePoint next() const;

  struct Due {
    TimePoint when;
    std::function<void()> fire;  // null: none is due
  };
  /// The first that is due at `now`: by its time, then in the order of adding.
  [[nodiscard]] Due take(TimePoint now);

  /// Drops them all: none of them fires any more. False when there was none.
  bool clear();

 private:
  struct Shared;
  class QueuedTimer;
  std::shared_ptr<Shared> shared_;
};

}  // namespace aion
