#include "base/event_loop.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include <boost/asio/post.hpp>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/assert.h"

namespace aion {

namespace {

thread_local EventLoop* own_loop = nullptr;

int checked(int descriptor, const char* what) {
  if (descriptor < 0) {
    throw std::system_error(errno, std::generic_category(), what);
  }
  return descriptor;
}

}  // namespace

EventLoop::EventLoop()
    : context_(1),
      epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll")),
      bell_(checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")),
      alarm_(checked(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd")) {
  // Edge-triggered: each ring is told once, and neither needs to be read.
  watch_own(bell_, &bell_);
  watch_own(alarm_, &alarm_);
}

EventLoop::~EventLoop() {
  while (drop()) {}
  for (const int descriptor : {alarm_, bell_, epoll_}) {
    ::close(descriptor);
  }
}

EventLoop* EventLoop::current() {
  return own_loop;
}

void EventLoop::run() {
  // Inside a run() of Asio's, because only there it keeps the memory of coroutine frames for the
  // next ones.
  boost::asio::post(context_, [this] { serve(); });
  context_.run();
}

void EventLoop::stop() {
  {
    const std::scoped_lock lock(mutex_);
    is_stopped_ = true;
  }
  wake();
}

bool EventLoop::drop() {
  const bool had_timers = timers_.clear();
  std::vector<std::unique_ptr<Work>> dropped;
  {
    const std::scoped_lock lock(mutex_);
    dropped.swap(submitted_);
  }
  return had_timers || !dropped.empty();
}

void EventLoop::serve() {
  own_loop = this;
  for (;;) {
    bool sleeps = false;
    {
      const std::scoped_lock lock(mutex_);
      if (is_stopped_) {
        break;
      }
      sleeps = is_asleep_ = submitted_.empty();
    }
    wait(sleeps);
    while (next_event_ < event_count_) {
      const epoll_event& event = events_[next_event_++];
      if (event.data.ptr == &alarm_) {
        fire_due();
      } else if (event.data.ptr != nullptr && event.data.ptr != &bell_) {
        static_cast<Watcher*>(event.data.ptr)->on_events(event.events);
      }
    }
    run_submitted();
  }
  own_loop = nullptr;
}

void EventLoop::wait(bool sleeps) {
  set_alarm();  // now that whoever sets an earlier one rings the bell
  const int count =
      ::epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), sleeps ? -1 : 0);
  event_count_ = count < 0 ? 0 : static_cast<std::size_t>(count);
  next_event_ = 0;
  if (sleeps) {
    const std::scoped_lock lock(mutex_);
    is_asleep_ = false;  // it looks at what is submitted behind the events
  }
}

/// An alarm that is too early is left: the loop wakes once for nothing, where timers that are set
/// and cancelled all the time (deadlines) would cost a system call each.
void EventLoop::set_alarm() {
  const TimePoint next = timers_.next();
  if (next >= alarm_time_) {
    return;
  }
  using std::chrono::nanoseconds;
  using std::chrono::seconds;
  const nanoseconds since = std::max(next.time_since_epoch(), nanoseconds(1));  // 0 would disarm
  itimerspec alarm{};
  alarm.it_value.tv_sec = std::chrono::duration_cast<seconds>(since).count();
  alarm.it_value.tv_nsec = (since % seconds(1)).count();
  AION_ASSERT(::timerfd_settime(alarm_, TFD_TIMER_ABSTIME, &alarm, nullptr) == 0);
  alarm_time_ = next;
}

void EventLoop::fire_due() {
  alarm_time_ = kNever;
  const TimePoint now = std::chrono::steady_clock::now();
  // Each one goes before the next is taken, which it may cancel as it goes.
  for (;;) {
    const TimerQueue::Due due = timers_.take(now);
    if (!due.fire) {
      return;
    }
    due.fire();
  }
}

void EventLoop::run_submitted() {
  {
    const std::scoped_lock lock(mutex_);
    turn_.swap(submitted_);
  }
  for (auto& work : turn_) {
    work->run();
    work.reset();
  }
  turn_.clear();
}

void EventLoop::submit(std::unique_ptr<Work> work) {
  {
    const std::scoped_lock lock(mutex_);
    submitted_.push_back(std::move(work));
  }
  if (!is_this_thread()) {
    wake();
  }
}

void EventLoop::wake() {
  {
    const std::scoped_lock lock(mutex_);
    if (!std::exchange(is_asleep_, false)) {
      return;
    }
  }
  ::eventfd_write(bell_, 1);
}

std::unique_ptr<Timer> EventLoop::at(TimePoint when, std::function<void()> fire) {
  auto timer = timers_.add(when, std::move(fire));
  if (!is_this_thread() && timers_.next() >= when) {
    wake();  // it may sleep past it
  }
  return timer;
}

bool EventLoop::add(int descriptor, std::uint32_t events, Watcher& watcher) {
  epoll_event interest{};
  interest.events = events;
  interest.data.ptr = &watcher;
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &interest) == 0;
}

void EventLoop::remove(int descriptor, Watcher& watcher) {
  // Closing it is not enough: a child between its start and its exec may hold a copy.
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
  for (std::size_t i = next_event_; i < event_count_; ++i) {
    if (events_[i].data.ptr == &watcher) {
      events_[i].data.ptr = nullptr;
    }
  }
}

void EventLoop::watch_own(int descriptor, void* mark) {
  epoll_event interest{};
  interest.events = EPOLLIN | static_cast<std::uint32_t>(EPOLLET);
  interest.data.ptr = mark;
  checked(::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &interest), "epoll");
}

}  // namespace aion
