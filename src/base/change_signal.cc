#include "base/change_signal.h"

#include <memory>
#include <utility>

namespace aion {

std::uint64_t ChangeSignal::count() const {
  const std::scoped_lock lock(mutex_);
  return count_;
}

void ChangeSignal::notify() {
  std::map<std::uint64_t, Event> waiting;
  {
    const std::scoped_lock lock(mutex_);
    ++count_;
    waiting.swap(waiting_);
  }
  for (const auto& [id, event] : waiting) {
    event.set();
  }
}

Awaitable<void> ChangeSignal::wait(std::uint64_t seen,
                                   Clock& clock,
                                   TimePoint until,
                                   CancelToken cancel) {
  const Event event;
  std::uint64_t id = 0;
  {
    const std::scoped_lock lock(mutex_);
    if (count_ != seen) {
      co_return;
    }
    id = next_++;
    waiting_.emplace(id, event);
  }
  std::unique_ptr<Timer> timer;
  if (until != kNever) {
    timer = clock.at(until, [event] { event.set(); });
  }
  const CancelHook hook = cancel.when_cancelled([event] { event.set(); });
  co_await event.wait();
  const std::scoped_lock lock(mutex_);
  waiting_.erase(id);
}

}  // namespace aion
