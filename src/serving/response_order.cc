#include "serving/response_order.h"

#include <utility>

namespace aion::serving {

ResponseOrder::Place::~Place() {
  const auto order = order_;
  order->serial_.run([order, ticket = ticket_] { order->done(ticket); });
}

Awaitable<void> ResponseOrder::Place::turn(Executor executor) {
  co_await suspend([&](Resume resume) {
    // The coroutine, and this place with it, may be gone before run() has returned.
    const auto order = order_;
    const Waiting waiting{std::move(resume), std::move(executor)};
    order->serial_.run([order, ticket = ticket_, waiting] { order->wait(ticket, waiting); });
  });
}

void ResponseOrder::wait(std::uint64_t ticket, const Waiting& waiting) {
  if (ticket == next_) {
    waiting.resume(waiting.executor);
  } else {
    waiting_.emplace(ticket, waiting);
  }
}

void ResponseOrder::done(std::uint64_t ticket) {
  done_.insert(ticket);
  while (done_.erase(next_) > 0) {
    ++next_;
  }
  if (auto next = waiting_.extract(next_)) {
    next.mapped().resume(next.mapped().executor);
  }
}

}  // namespace aion::serving
