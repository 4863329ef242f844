#include "serving/dispatcher.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace aion::serving {

/// One request that waits. It is continued once: by the step that takes it out of the state Queued.
struct Dispatcher::Waiter {
  enum class State : std::uint8_t { New, Queued, Granted, Refused };

  std::shared_ptr<Queue> queue;
  QueueHead head;
  State state = State::New;
  std::optional<Resume> resume;
  Error refusal{Code::Internal, ""};  // why, in the state Refused
};

Dispatcher::Slot::~Slot() {
  if (dispatcher_ != nullptr) {
    dispatcher_->serial_.run([dispatcher = dispatcher_] {
      ++dispatcher->free_slots_;
      dispatcher->fill_slots();
    });
  }
}

Dispatcher::Dispatcher(Device device, Clock& clock, QueueOrder order)
    : compute_(std::move(device.compute)),
      aside_(std::move(device.aside)),
      clock_(clock),
      order_(order),
      free_slots_(device.slots) {}

std::shared_ptr<Dispatcher::Queue> Dispatcher::make_queue(std::size_t limit) {
  return std::make_shared<Queue>(limit);
}

Task<Dispatcher::Slot> Dispatcher::acquire(std::shared_ptr<Queue> queue,
                                           const RequestContext& context) {
  auto waiter = std::make_shared<Waiter>();
  waiter->queue = std::move(queue);
  waiter->head.deadline = context.deadline;
  waiter->head.criticality = context.criticality;
  CancelHook hook;
  std::unique_ptr<Timer> timer;
  co_await suspend([&](Resume resume) {
    waiter->resume = std::move(resume);
    if (context.deadline != kNever) {
      timer = clock_.at(context.deadline, [this, waiter] {
        abandon(waiter,
                Error{Code::DeadlineExceeded,
                      "the deadline passed while the request waited for the device"});
      });
    }
    if (context.cancel.can_be_cancelled()) {
      hook = context.cancel.when_cancelled([this, waiter] {
        abandon(waiter,
                Error{Code::Cancelled, "the request was cancelled while it waited for the device"});
      });
    }
    // Last, because from here on the coroutine may go on on another thread.
    serial_.run([this, waiter] { submit(waiter); });
  });
  if (waiter->state == Waiter::State::Refused) {
    co_return std::move(waiter->refusal);
  }
  co_return Slot(*this);
}

void Dispatcher::submit(const std::shared_ptr<Waiter>& waiter) {
  Queue& queue = *waiter->queue;
  if (waiter->state == Waiter::State::New && queue.waiters_.size() >= queue.limit_) {
    refuse(waiter, Error{Code::Unavailable, "Exceeds maximum queue size"});
  }
  if (waiter->state == Waiter::State::Refused) {
    (*waiter->resume)(aside_);
    return;
  }
  waiter->head.arrival = next_arrival_++;
  waiter->state = Waiter::State::Queued;
  if (queue.waiters_.empty()) {
    busy_.push_back(waiter->queue);
  }
  queue.waiters_.push_back(waiter);
  queue.size_.fetch_add(1, std::memory_order_relaxed);
  waiting_.fetch_add(1, std::memory_order_relaxed);
  fill_slots();
}

void Dispatcher::refuse(const std::shared_ptr<Waiter>& waiter, Error why) {
  waiter->state = Waiter::State::Refused;
  waiter->refusal = std::move(why);
}

void Dispatcher::abandon(const std::shared_ptr<Waiter>& waiter, Error why) {
  serial_.run([this, waiter, why = std::move(why)] {
    if (waiter->state == Waiter::State::New) {
      refuse(waiter, why);  // submit() finds it so and continues it
    }
    if (waiter->state != Waiter::State::Queued) {
      return;
    }
    refuse(waiter, why);
    Queue& queue = *waiter->queue;
    queue.waiters_.remove(waiter);
    queue.size_.fetch_sub(1, std::memory_order_relaxed);
    waiting_.fetch_sub(1, std::memory_order_relaxed);
    if (queue.waiters_.empty()) {
      std::erase(busy_, waiter->queue);
    }
    (*waiter->resume)(aside_);
  });
}

void Dispatcher::fill_slots() {
  while (free_slots_ > 0 && !busy_.empty()) {
    std::vector<QueueHead> heads;
    heads.reserve(busy_.size());
    for (const auto& queue : busy_) {
      heads.push_back(queue->waiters_.front()->head);
    }
    const std::size_t picked = order_(heads, clock_.now());
    const std::shared_ptr<Queue> queue = busy_[picked];
    const std::shared_ptr<Waiter> waiter = std::move(queue->waiters_.front());
    queue->waiters_.pop_front();
    queue->size_.fetch_sub(1, std::memory_order_relaxed);
    waiting_.fetch_sub(1, std::memory_order_relaxed);
    if (queue->waiters_.empty()) {
      busy_.erase(busy_.begin() + static_cast<std::ptrdiff_t>(picked));
    }
    waiter->state = Waiter::State::Granted;
    --free_slots_;
    (*waiter->resume)(compute_);
  }
}

}  // namespace aion::serving
