#include "net/io/io_loop.h"

#include <cerrno>
#include <cstring>
#include <vector>

#include <boost/asio/post.hpp>
#include <sys/epoll.h>

#include "base/assert.h"

namespace aion::net {

namespace {

const IoLoop::NativeExecutor& native_of(const Executor& executor) {
  const auto* native = executor.target<IoLoop::NativeExecutor>();
  AION_ASSERT(native != nullptr);  // the io executors are event loops
  return *native;
}

}  // namespace

Result<std::shared_ptr<IoLoop>> IoLoop::create(Executor executor, std::chrono::milliseconds tick) {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) {
    return Error{Code::ResourceExhausted, std::string("epoll: ") + std::strerror(errno)};
  }
  return std::shared_ptr<IoLoop>(new IoLoop(std::move(executor), tick, epoll));
}

IoLoop::IoLoop(Executor executor, std::chrono::milliseconds tick, int epoll)
    : executor_(std::move(executor)),
      native_(native_of(executor_)),
      tick_(tick),
      timer_(native_),
      epoll_(native_, epoll) {}

void IoLoop::start() {
  boost::asio::post(native_, [self = shared_from_this()] { self->watch(); });
}

void IoLoop::close() {
  boost::system::error_code ignored;
  epoll_.close(ignored);
}

void IoLoop::watch() {
  epoll_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                    [self = shared_from_this()](const boost::system::error_code& failed) {
                      if (!failed) {
                        self->deliver_events();
                        self->watch();
                      }
                    });
}

void IoLoop::deliver_events() {
  const int count =
      ::epoll_wait(epoll_.native_handle(), events_.data(), static_cast<int>(events_.size()), 0);
  event_count_ = count < 0 ? 0 : static_cast<std::size_t>(count);
  for (next_event_ = 0; next_event_ < event_count_;) {
    const epoll_event& event = events_[next_event_++];
    if (event.data.ptr != nullptr) {
      static_cast<Connection*>(event.data.ptr)->on_events(event.events);
    }
  }
}

bool IoLoop::add(Connection& connection, int descriptor) {
  epoll_event interest{};
  interest.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | static_cast<std::uint32_t>(EPOLLET);
  interest.data.ptr = &connection;
  if (::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, descriptor, &interest) != 0) {
    return false;
  }
  connections_.insert(&connection);
  if (!is_ticking_) {
    is_ticking_ = true;
    now_ = std::chrono::steady_clock::now();
    schedule_tick();
  }
  return true;
}

void IoLoop::remove(Connection& connection, int descriptor) {
  // Closing it is not enough: a child between its start and its exec may hold a copy.
  ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_DEL, descriptor, nullptr);
  connections_.erase(&connection);
  for (std::size_t i = next_event_; i < event_count_; ++i) {
    if (events_[i].data.ptr == &connection) {
      events_[i].data.ptr = nullptr;
    }
  }
}

void IoLoop::schedule_tick() {
  timer_.expires_after(tick_);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& failed) {
    if (failed || self->connections_.empty()) {
      self->is_ticking_ = false;  // an idle server does not wake up
      return;
    }
    self->now_ = std::chrono::steady_clock::now();
    for (Connection* connection : self->connections_) {
      connection->check_time();
    }
    self->schedule_tick();
  });
}

void IoLoop::begin_stop() {
  is_stopping_ = true;
  for (Connection* connection : connections_) {
    connection->begin_stop();
  }
}

void IoLoop::abort() {
  // Cancelling runs hooks, which may end connections: walk over a copy.
  const std::vector<Connection*> all(connections_.begin(), connections_.end());
  for (Connection* connection : all) {
    if (connections_.contains(connection)) {
      connection->abort();
    }
  }
}

}  // namespace aion::net
