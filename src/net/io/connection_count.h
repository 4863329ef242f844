// How many connections a server has, and the wait for the last of them.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace aion::net {

/// How many connections live; wakes the one who waits for the last.
///
/// Thread safety: all methods may be called from any thread.
class ConnectionCount {
 public:
  void add() { ++count_; }
  void remove() {
    const std::scoped_lock lock(mutex_);
    if (--count_ == 0) {
      none_left_.notify_all();
    }
  }
  [[nodiscard]] std::size_t get() const { return count_; }
  /// False when `limit` has passed and there are some left.
  bool wait_for_none(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    return none_left_.wait_for(lock, limit, [this] { return count_ == 0; });
  }

 private:
  std::atomic<std::size_t> count_ = 0;
  std::mutex mutex_;
  std::condition_variable none_left_;
};

}  // namespace aion::net
