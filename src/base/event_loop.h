// One thread's wait for all that it serves: sockets, timers, and functions from other threads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/pool_executor.h"
#include "base/timer_queue.h"

namespace aion {

/// A descriptor is registered once, so a request costs one wait, its recv and its send. Asio's own
/// reactor adds an epoll_ctl to each wait for readiness, or a second wait where it watches an epoll
/// of ours.
///
/// Thread safety: all methods may be called from any thread, but add(), remove() and run().
class EventLoop {
 public:
  using Executor = PoolExecutor<EventLoop>;

  /// Who is told what happens to a descriptor.
  class Watcher {
   public:
    /// `events` as epoll tells them. May remove and destroy any watcher, also this one.
    virtual void on_events(std::uint32_t events) = 0;

   protected:
    ~Watcher() = default;
  };

  /// Throws std::system_error when the process has no descriptor left.
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Serves on this thread until stop().
  void run();
  /// Beyond the turn under way nothing is begun any more.
  void stop();
  /// After run() has returned: drops the timers and what was not begun. False when there was
  /// nothing; what goes may bring new work, here or elsewhere.
  bool drop();

  [[nodiscard]] Executor executor() { return Executor(*this); }
  [[nodiscard]] bool is_this_thread() const { return current() == this; }
  /// The loop whose thread this is; null on any other thread.
  [[nodiscard]] static EventLoop* current();

  /// Calls `fire` on the loop's thread, at `when` or soon after, never inside the call.
  [[nodiscard]] std::unique_ptr<Timer> at(TimePoint when, std::function<void()> fire);

  /// From now on `watcher` is told of `events` (EPOLLIN, EPOLLET, ...) of the descriptor. False
  /// when the system has no room for one more. On the loop's thread.
  [[nodiscard]] bool add(int descriptor, std::uint32_t events, Watcher& watcher);
  /// It is told nothing more, not even what has happened already. On the loop's thread.
  void remove(int descriptor, Watcher& watcher);

  /// What PoolExecutor asks for.
  void submit(std::unique_ptr<Work> work);
  [[nodiscard]] boost::asio::execution_context& context() { return context_; }

 private:
  void serve();
  void wait(bool sleeps);
  void fire_due();
  void run_submitted();
  void set_alarm();
  void wake();
  void watch_own(int descriptor, void* mark);

  boost::asio::io_context context_;  // see run()
  int epoll_;
  int bell_;   // eventfd: another thread wants the loop
  int alarm_;  // timerfd
  TimerQueue timers_;

  // On the loop's thread alone.
  TimePoint alarm_time_ = kNever;         // when the alarm rings; kNever = not set
  std::array<epoll_event, 64> events_{};  // of the turn that is being delivered
  std::size_t event_count_ = 0;
  std::size_t next_event_ = 0;
  std::vector<std::unique_ptr<Work>> turn_;  // submitted, and now being run

  std::mutex mutex_;  // for all below
  std::vector<std::unique_ptr<Work>> submitted_;
  bool is_asleep_ = false;  // it looks at submitted_ only when the bell rings
  bool is_stopped_ = false;
};

}  // namespace aion
