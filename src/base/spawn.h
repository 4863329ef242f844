// Starts coroutines, waits for them, and suspends them until somebody else goes on.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "base/task.h"

namespace aion {

/// Runs `work` to its end on `executor`; nobody waits for it. It begins inside the call when the
/// executor lets it.
void spawn(Executor executor, Awaitable<void> work);

/// The executor that the awaiting coroutine was spawned on.
[[nodiscard]] Awaitable<Executor> spawn_executor();

/// Runs all of `work` on `executor` at once and ends when the last has ended.
[[nodiscard]] Awaitable<void> all(Executor executor, std::vector<Awaitable<void>> work);

/// Continues a suspended coroutine on the executor that it is given. Copies refer to the same
/// coroutine, which must be continued exactly once; if all copies are dropped unused, it is
/// destroyed where it stands.
class Resume {
 public:
  explicit Resume(std::shared_ptr<std::function<void()>> go) : go_(std::move(go)) {}
  void operator()(const Executor& executor) const;

 private:
  std::shared_ptr<std::function<void()>> go_;
};

/// Suspends the awaiting coroutine, then calls `start`, which keeps the Resume or uses it at once.
[[nodiscard]] Awaitable<void> suspend(std::function<void(Resume)> start);

namespace detail {
template <class T>
Awaitable<void> deliver(Awaitable<T> work, std::promise<T>& promise) {
  promise.set_value(co_await std::move(work));
}
}  // namespace detail

/// Blocks the calling thread until `work` has ended on `executor`. For main() and tests, never
/// inside a pool.
template <class T>
[[nodiscard]] T wait_for(const Executor& executor, Awaitable<T> work) {
  std::promise<T> promise;
  auto future = promise.get_future();
  spawn(executor, detail::deliver(std::move(work), promise));
  return future.get();
}

}  // namespace aion
