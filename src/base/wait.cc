#include "base/wait.h"

#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "base/spawn.h"

namespace aion {

struct Event::State {
  struct Waiter {
    Resume resume;
    Executor executor;
  };

  std::mutex mutex;
  bool is_set = false;
  std::optional<Waiter> waiter;
};

Event::Event() : state_(std::make_shared<State>()) {}

void Event::set() const {
  std::optional<State::Waiter> waiter;
  {
    const std::scoped_lock lock(state_->mutex);
    state_->is_set = true;
    waiter = std::exchange(state_->waiter, std::nullopt);
  }
  if (waiter) {
    waiter->resume(waiter->executor);
  }
}

Awaitable<void> Event::wait() const {
  const auto state = state_;
  const Executor executor = co_await spawn_executor();
  // Named, because g++ 12 destroys a closure that is written inside the co_await twice.
  std::function<void(Resume)> start = [state, executor](const Resume& resume) {
    {
      const std::scoped_lock lock(state->mutex);
      AION_ASSERT(!state->waiter);
      if (!state->is_set) {
        state->waiter.emplace(State::Waiter{resume, executor});
        return;
      }
    }
    resume(executor);
  };
  co_await suspend(std::move(start));
}

Task<void> wait_until(Clock& clock, TimePoint when, CancelToken cancel) {
  const Event over;
  if (when > clock.now() && !cancel.is_cancelled()) {
    const auto timer = clock.at(when, [over] { over.set(); });
    const CancelHook hook = cancel.when_cancelled([over] { over.set(); });
    co_await over.wait();
  }
  if (cancel.is_cancelled()) {
    co_return Error{Code::Cancelled, "the request was cancelled"};
  }
  co_return Result<void>{};
}

}  // namespace aion
