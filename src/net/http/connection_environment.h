// What all connections of a server share.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>

#include "base/log.h"
#include "net/http/host_check.h"
#include "net/http/server.h"

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

struct ConnectionEnvironment {
  ConnectionEnvironment(HttpConfig settings, HttpHandler& to, const Log& events)
      : config(std::move(settings)),
        handler(to),
        hosts(config.address, config.allowed_hosts, config.allow_any_host),
        log(events) {}

  HttpConfig config;
  HttpHandler& handler;
  HostCheck hosts;
  const Log& log;
  ConnectionCount count;
};

}  // namespace aion::net
