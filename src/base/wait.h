// Suspends a coroutine until something has happened, or until a point of time.
#pragma once

#include <memory>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/task.h"

namespace aion {

/// Something that happens once. Copies refer to the same event.
///
/// Thread safety: all methods may be called from any thread; one coroutine at most waits.
class Event {
 public:
  Event();

  /// It has happened: continues the coroutine that waits on its spawn executor. The second call
  /// does nothing.
  void set() const;

  /// Ends when it has happened. An event that somebody waits for must be set in the end.
  [[nodiscard]] Awaitable<void> wait() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Waits until `when`; fails with Cancelled as soon as `cancel` fires. A time in the past does not
/// wait.
[[nodiscard]] Task<void> wait_until(Clock& clock, TimePoint when, CancelToken cancel);

}  // namespace aion
