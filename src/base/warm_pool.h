// A pool of threads that gives work to the thread that rested last.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/pool_executor.h"

namespace aion {

/// Where a queue of Asio wakes its threads in turn, this one wakes the same thread again while
/// there is work for one only: its core has the model in its caches, and the allocator's memory of
/// the thread is warm. At one request at a time that is 3 to 5 % of a run of 10 ms (bench/serving,
/// magika).
///
/// Thread safety: all methods may be called from any thread, but join() and the destructor.
class WarmPool {
 public:
  explicit WarmPool(std::size_t threads);
  ~WarmPool();
  WarmPool(const WarmPool&) = delete;
  WarmPool& operator=(const WarmPool&) = delete;

  using Executor = PoolExecutor<WarmPool>;
  [[nodiscard]] Executor executor() { return Executor(*this); }

  /// Work that has not begun is not begun any more.
  void stop();
  /// Waits for the threads, after stop(), and drops the work that was left.
  void join();

  /// The threads that have nothing to do now.
  [[nodiscard]] std::size_t resting() const;

  /// What PoolExecutor asks for.
  void submit(std::unique_ptr<Work> work);
  [[nodiscard]] bool is_this_thread() const;
  [[nodiscard]] boost::asio::execution_context& context() { return context_; }

 private:
  struct Worker {
    std::condition_variable wake;
    std::unique_ptr<Work> work;  // given to it while it rested
    std::thread thread;
  };

  void serve(Worker& worker);
  std::unique_ptr<Work> next(Worker& worker);

  boost::asio::io_context context_;  // that executors are asked for; nothing runs on it
  mutable std::mutex mutex_;         // for all below, but the threads
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Worker*> resting_;  // the last is taken first
  std::deque<std::unique_ptr<Work>> waiting_;
  bool is_stopped_ = false;
};

}  // namespace aion
