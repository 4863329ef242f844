// What the connections of one server share on one io thread: the memory they read into, a clock,
// their end.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <unordered_set>

#include "base/event_loop.h"
#include "net/io/connection.h"

namespace aion::net {

/// Thread safety: everything is used on the io thread alone, but the constructor and the executor.
class IoLoop : public std::enable_shared_from_this<IoLoop> {
 public:
  using TickTime = std::chrono::steady_clock::time_point;

  /// `tick` is how often connections are looked at.
  IoLoop(EventLoop& events, std::chrono::milliseconds tick) : events_(events), tick_(tick) {}

  [[nodiscard]] EventLoop& events() const { return events_; }
  [[nodiscard]] EventLoop::Executor executor() const { return events_.executor(); }
  [[nodiscard]] bool is_this_thread() const { return events_.is_this_thread(); }

  /// A time that is at most a tick old: free to ask.
  [[nodiscard]] TickTime now() const { return now_; }
  [[nodiscard]] std::chrono::milliseconds tick() const { return tick_; }

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
  void schedule_tick();
  void check_connections();

  EventLoop& events_;
  std::chrono::milliseconds tick_;
  TickTime now_;
  std::unique_ptr<Timer> timer_;  // set while there are connections
  bool is_stopping_ = false;
  std::unordered_set<Connection*> connections_;
};

}  // namespace aion::net
