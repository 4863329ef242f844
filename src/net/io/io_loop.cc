#include "net/io/io_loop.h"

#include <vector>

#include <sys/epoll.h>

namespace aion::net {

bool IoLoop::add(Connection& connection, int descriptor) {
  constexpr std::uint32_t kInterest =
      EPOLLIN | EPOLLOUT | EPOLLRDHUP | static_cast<std::uint32_t>(EPOLLET);
  if (!events_.add(descriptor, kInterest, connection)) {
    return false;
  }
  connections_.insert(&connection);
  if (!timer_) {
    now_ = std::chrono::steady_clock::now();
    schedule_tick();
  }
  return true;
}

void IoLoop::remove(Connection& connection, int descriptor) {
  events_.remove(descriptor, connection);
  connections_.erase(&connection);
}

void IoLoop::schedule_tick() {
  timer_ = events_.at(std::chrono::steady_clock::now() + tick_, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      self->check_connections();
    }
  });
}

void IoLoop::check_connections() {
  if (connections_.empty()) {
    timer_.reset();  // an idle server does not wake up
    return;
  }
  now_ = std::chrono::steady_clock::now();
  for (Connection* connection : connections_) {
    connection->check_time();
  }
  schedule_tick();
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
