// The three pools that our own code runs on, and the hop between them.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "base/clock.h"
#include "base/task.h"

namespace aion {

class EventLoop;

/// Anything that runs functions. Copies refer to the same pool.
using Executor = boost::asio::any_io_executor;

/// Runs what it is given at once, on the thread that gives it: for tests, and for callers that
/// already stand on the right thread.
[[nodiscard]] Executor inline_executor();

/// Runs `action` on `executor`, never inside the call (but for the inline executor).
void post(const Executor& executor, std::function<void()> action);

/// Continues the awaiting coroutine on `executor`; it stays there until the next hop. The
/// coroutine's own (spawn) executor is unchanged, so `co_await on(...)` again to come back.
[[nodiscard]] Awaitable<void> on(Executor executor);

/// How many threads each pool has. Zero is not allowed.
struct ExecutorSizes {
  std::size_t io = 1;
  std::size_t compute = 1;
  std::size_t blocking = 4;
};

/// The pools of the daemon. io: sockets, timers, coroutines, never blocks; one event loop per
/// thread, so a connection lives on one thread. compute: inference, hashing, compression. blocking:
/// files, databases, waiting for processes.
///
/// Thread safety: all methods may be called from any thread, except the destructor and join().
class Executors {
 public:
  explicit Executors(ExecutorSizes sizes);
  ~Executors();
  Executors(const Executors&) = delete;
  Executors& operator=(const Executors&) = delete;

  [[nodiscard]] std::size_t io_count() const;
  [[nodiscard]] std::size_t compute_count() const;
  /// The event loop of io thread `index`, 0 <= index < io_count().
  [[nodiscard]] EventLoop& loop(std::size_t index) const;
  [[nodiscard]] Executor io(std::size_t index = 0) const;
  [[nodiscard]] Executor compute() const;
  [[nodiscard]] Executor blocking() const;

  /// The real clock; its timers fire on the io thread that sets them, those of others on io thread
  /// 0.
  [[nodiscard]] Clock& clock();

  /// Stops the pools and waits for their threads; work that has not begun is dropped.
  void join();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace aion
