#include "serving/response_order.h"

#include <utility>

namespace aion::serving {

ResponseOrder::Place::~Place() {
  order_->serial_.run([order = order_, ticket = ticket_] { order->done(ticket); });
}

Awaitable<void> ResponseOrder::Place::turn() {
  const Executor home = co_await spawn_executor();
  co_await suspend([&](Resume resume) {
    order_->serial_.run(
        [order = order_, ticket = ticket_, waiting = Waiting{std::move(resume), home}] {
          if (ticket == order->next_) {
            waiting.resume(waiting.home);
          } else {
            order->waiting_.emplace(ticket, waiting);
          }
        });
  });
}

void ResponseOrder::done(std::uint64_t ticket) {
  done_.insert(ticket);
  while (done_.erase(next_) > 0) {
    ++next_;
  }
  if (const auto next = waiting_.find(next_); next != waiting_.end()) {
    next->second.resume(next->second.home);
    waiting_.erase(next);
  }
}

}  // namespace aion::serving
