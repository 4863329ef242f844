// What the connections of one io thread share: one wait for all their sockets, the memory they read
// into, a clock.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <unordered_set>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <sys/epoll.h>

#include "base/executor.h"
#include "base/result.h"
#include "net/io/connection.h"

namespace aion::net {

/// All sockets are in one edge-triggered epoll, registered once, which the event loop watches in
/// turn. So a request costs no system call but its recv and its send: Asio's own wait would add an
/// epoll_ctl to each.
///
/// Thread safety: everything is used on the io thread alone, but the constructor and the executors.
class IoLoop : public std::enable_shared_from_this<IoLoop> {
 public:
  using NativeExecutor = boost::asio::io_context::executor_type;
  using TickTime = std::chrono::steady_clock::time_point;

  /// `executor` is one of Executors::io(); `tick` is how often connections are looked at.
  /// Fails with ResourceExhausted when the process has no descriptor left.
  static Result<std::shared_ptr<IoLoop>> create(Executor executor, std::chrono::milliseconds tick);

  [[nodiscard]] const Executor& executor() const { return executor_; }
  [[nodiscard]] const NativeExecutor& native_executor() const { return native_; }
  [[nodiscard]] bool is_this_thread() const { return native_.running_in_this_thread(); }

  /// A time that is at most a tick old: free to ask.
  [[nodiscard]] TickTime now() const { return now_; }
  [[nodiscard]] std::chrono::milliseconds tick() const { return tick_; }

  /// Begins to watch; from any thread.
  void start();
  void close();
  /// From now on connection.on_events() is called. False when the system has no room for one more.
  bool add(Connection& connection, int descriptor);
  void remove(Connection& connection, int descriptor);

  /// From now on connections end when they have no request under way.
  void begin_stop();
  [[nodiscard]] bool is_stopping() const { return is_stopping_; }
  /// Ends every connection.
  void abort();

  /// What all connections of the loop read into, one after another.
  std::array<char, 16U << 10U> read_buffer;

 private:
  IoLoop(Executor executor, std::chrono::milliseconds tick, int epoll);

  void watch();
  void deliver_events();
  void schedule_tick();

  Executor executor_;
  NativeExecutor native_;
  std::chrono::milliseconds tick_;
  TickTime now_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                    boost::asio::wait_traits<std::chrono::steady_clock>,
                                    NativeExecutor>
      timer_;
  boost::asio::posix::basic_stream_descriptor<NativeExecutor> epoll_;
  std::array<epoll_event, 64> events_{};  // of the turn that is being delivered
  std::size_t event_count_ = 0;
  std::size_t next_event_ = 0;
  bool is_ticking_ = false;
  bool is_stopping_ = false;
  std::unordered_set<Connection*> connections_;
};

}  // namespace aion::net
