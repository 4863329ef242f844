#include "base/manual_clock.h"

#include <algorithm>
#include <utility>

namespace aion {

TimePoint ManualClock::now() const {
  const std::scoped_lock lock(mutex_);
  return now_;
}

std::unique_ptr<Timer> ManualClock::at(TimePoint when, std::function<void()> fire) {
  return timers_.add(when, std::move(fire));
}

void ManualClock::advance(Duration by) {
  const TimePoint until = now() + by;
  for (;;) {
    const TimerQueue::Due due = timers_.take(until);
    if (!due.fire) {
      break;
    }
    set(due.when);
    due.fire();
  }
  set(until);
}

void ManualClock::set(TimePoint now) {
  const std::scoped_lock lock(mutex_);
  now_ = std::max(now_, now);
}

}  // namespace aion
