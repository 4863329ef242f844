// A pool of threads that gives work to the thread that rested last.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>

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

  class Executor;
  [[nodiscard]] Executor executor();

  /// Work that has not begun is not begun any more.
  void stop();
  /// Waits for the threads, after stop(), and drops the work that was left.
  void join();

 private:
  struct Task {
    virtual ~Task() = default;
    virtual void run() = 0;
  };
  template <class Function>
  struct TaskOf;
  struct Worker {
    std::condition_variable wake;
    std::unique_ptr<Task> task;  // given to it while it rested
    std::thread thread;
  };

  void submit(std::unique_ptr<Task> task);
  void work(Worker& worker);
  std::unique_ptr<Task> next(Worker& worker);
  [[nodiscard]] bool is_this_thread() const;

  boost::asio::io_context context_;  // that executors are asked for; nothing runs on it
  std::mutex mutex_;                 // for all below, but the threads
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Worker*> resting_;  // the last is taken first
  std::deque<std::unique_ptr<Task>> waiting_;
  bool is_stopped_ = false;
};

template <class Function>
struct WarmPool::TaskOf final : Task {
  explicit TaskOf(Function function) : function_(std::move(function)) {}
  void run() override { std::move(function_)(); }
  Function function_;
};

/// An Asio executor (P0443 "execution::executor"); copies refer to the same pool.
class WarmPool::Executor {
 public:
  explicit Executor(WarmPool& pool) : pool_(&pool) {}

  bool operator==(const Executor&) const noexcept = default;

  template <class Function>
  void execute(Function function) const {
    if (may_run_here_ && pool_->is_this_thread()) {
      std::move(function)();
    } else {
      pool_->submit(std::make_unique<TaskOf<Function>>(std::move(function)));
    }
  }

  [[nodiscard]] boost::asio::execution_context& query(
      boost::asio::execution::context_t /*property*/) const {
    return pool_->context_;
  }
  [[nodiscard]] boost::asio::execution::blocking_t query(
      boost::asio::execution::blocking_t /*property*/) const {
    using Blocking = boost::asio::execution::blocking_t;
    return may_run_here_ ? Blocking(Blocking::possibly) : Blocking(Blocking::never);
  }
  [[nodiscard]] Executor require(boost::asio::execution::blocking_t::never_t /*property*/) const {
    return Executor(*pool_, false);
  }
  [[nodiscard]] Executor require(
      boost::asio::execution::blocking_t::possibly_t /*property*/) const {
    return Executor(*pool_, true);
  }

 private:
  Executor(WarmPool& pool, bool may_run_here) : pool_(&pool), may_run_here_(may_run_here) {}

  WarmPool* pool_;
  bool may_run_here_ = true;
};

inline WarmPool::Executor WarmPool::executor() {
  return Executor(*this);
}

}  // namespace aion
