#include "serving/dispatcher.h"

#include <algorithm>

#include "serving/dispatcher_waiting.h"

namespace aion::serving {

Dispatcher::Slot::~Slot() {
  if (dispatcher_ != nullptr) {
    dispatcher_->serial_.run(
        [dispatcher = dispatcher_, run = std::move(run_), is_learned_from = is_learned_from_] {
          dispatcher->release(run, is_learned_from);
        });
  }
}

void Dispatcher::release(const Run& run, bool is_learned_from) {
  const TimePoint now = clock_.now();
  ++free_slots_;
  --run.queue->running_;
  account(run, now - run.began, now);
  if (is_learned_from) {
    run.queue->requests_.observe(run.row_bytes, run.rows, run.used + (now - run.began));
  }
  fill_slots();
}

QueuedRequest& Dispatcher::Companion::request() const {
  return *waiting_->request;
}

const Executor& Dispatcher::Companion::spawned_on() const {
  return waiting_->home;
}

void Dispatcher::Companion::go_on(const Executor& executor) {
  const auto waiting = std::move(waiting_);
  (*waiting->resume)(executor);
}

const Executor& Dispatcher::home_of(const Executor& spawned) const {
  return spawned == inline_executor() ? aside_ : spawned;
}

Dispatcher::Dispatcher(Device device, Clock& clock, sched::Order order)
    : compute_(std::move(device.compute)),
      aside_(std::move(device.aside)),
      clock_(clock),
      order_(order),
      slots_(device.slots),
      reserved_(device.reserved),
      honours_deadlines_(device.honours_deadlines),
      free_slots_(device.slots) {}

std::shared_ptr<Dispatcher::Queue> Dispatcher::make_queue(QueueRule rule) {
  return std::make_shared<Queue>(std::move(rule));
}

Task<Dispatcher::Turn> Dispatcher::acquire(std::shared_ptr<Queue> queue,
                                           QueuedRequest& request,
                                           const RequestContext& context) {
  auto waiting = std::make_shared<Waiting>();
  waiting->queue = std::move(queue);
  waiting->request = &request;
  waiting->home = co_await spawn_executor();
  waiting->head.cost = request.usual_cost;
  waiting->head.deadline = context.deadline;
  waiting->head.criticality = context.criticality;
  CancelHook hook;
  std::vector<std::unique_ptr<Timer>> timers;
  co_await suspend([&](Resume resume) {
    waiting->resume = std::move(resume);
    timers = set_timers(waiting, context.deadline);
    if (context.cancel.can_be_cancelled()) {
      hook = context.cancel.when_cancelled([this, waiting] {
        abandon(waiting,
                Error{Code::Cancelled, "the request was cancelled while it waited for the device"});
      });
    }
    // Last, because from here on the coroutine may go on on another thread.
    serial_.run([this, waiting] { submit(waiting); });
  });
  if (waiting->state == Waiting::State::Refused) {
    co_return std::move(waiting->refusal);
  }
  co_return std::move(waiting->turn);
}

std::vector<std::unique_ptr<Timer>> Dispatcher::set_timers(const WaitingPtr& waiting,
                                                           TimePoint deadline) {
  std::vector<std::unique_ptr<Timer>> timers;
  if (deadline != kNever && honours_deadlines_ && waiting->head.cost > Duration{0}) {
    timers.push_back(clock_.at(deadline - waiting->head.cost, [this, waiting] {
      abandon(waiting, hopeless(waiting->head.cost));
    }));
  } else if (deadline != kNever) {
    timers.push_back(clock_.at(deadline, [this, waiting] {
      abandon(waiting,
              Error{Code::DeadlineExceeded,
                    "the deadline passed while the request waited for the device"});
    }));
  }
  if (waiting->request->expires != kNever) {
    const bool is_refused = !waiting->request->expires_behind;
    timers.push_back(clock_.at(waiting->request->expires, [this, waiting, is_refused] {
      // Not a look at the request: it may have been answered meanwhile, and be gone.
      if (is_refused) {
        abandon(waiting, Error{Code::Unavailable, "Request timeout expired"});
      } else {
        expire(waiting);
      }
    }));
  }
  return timers;
}

void Dispatcher::submit(const WaitingPtr& waiting) {
  RequestQueue& requests = waiting->queue->requests_;
  if (waiting->state == Waiting::State::New && requests.is_full(waiting->request->level)) {
    refuse(*waiting, Error{Code::Unavailable, "Exceeds maximum queue size"});
  }
  waiting->head.came = clock_.now();
  if (waiting->state == Waiting::State::New && is_hopeless(*waiting)) {
    refuse(*waiting, hopeless(waiting->head.cost));
  }
  if (waiting->state == Waiting::State::Refused) {
    (*waiting->resume)(aside_);
    return;
  }
  waiting->head.arrival = next_arrival_++;
  note_slack(*waiting);
  waiting->state = Waiting::State::Queued;
  if (requests.is_empty()) {
    busy_.push_back(waiting->queue);
  }
  requests.push(waiting);
  waiting_.fetch_add(counts(*waiting->queue) ? 1 : 0, std::memory_order_relaxed);
  urgent_.fetch_add(is_urgent(waiting->head) ? 1 : 0, std::memory_order_relaxed);
  fill_slots();
}

void Dispatcher::refuse(Waiting& waiting, Error why) {
  waiting.state = Waiting::State::Refused;
  waiting.refusal = std::move(why);
}

/// Requests have left the queue.
void Dispatcher::took_out(const std::shared_ptr<Queue>& queue, std::size_t requests) {
  waiting_.fetch_sub(counts(*queue) ? requests : 0, std::memory_order_relaxed);
  if (queue->requests_.is_empty()) {
    std::erase(busy_, queue);
  }
  if (busy_.empty()) {
    look_again_at(kNever);
  }
}

void Dispatcher::abandon(const WaitingPtr& waiting, Error why) {
  serial_.run([this, waiting, why = std::move(why)] {
    if (waiting->state == Waiting::State::New) {
      refuse(*waiting, why);  // submit() finds it so and continues it
    }
    if (waiting->state != Waiting::State::Queued) {
      return;
    }
    refuse(*waiting, why);
    waiting->queue->requests_.remove(*waiting);
    urgent_.fetch_sub(is_urgent(waiting->head) ? 1 : 0, std::memory_order_relaxed);
    took_out(waiting->queue, 1);
    (*waiting->resume)(aside_);
    fill_slots();  // those behind it may fit together better
  });
}

/// It has waited as long as its queue's policy allows, and goes behind the others.
void Dispatcher::expire(const WaitingPtr& waiting) {
  serial_.run([this, waiting] {
    if (waiting->state == Waiting::State::New) {
      waiting->is_behind = true;
    } else if (waiting->state == Waiting::State::Queued) {
      waiting->queue->requests_.move_behind(*waiting);
      fill_slots();  // others stand in front now
    }
  });
}

/// Whether a request of the queue waits for the device, and not for others to join it.
bool Dispatcher::counts(const Queue& queue) {
  return queue.rule().batching.max_delay.count() == 0;
}

void Dispatcher::hurry(std::shared_ptr<Queue> queue) {
  serial_.run([this, queue = std::move(queue)] {
    queue->requests_.hurry();
    fill_slots();
  });
}

void Dispatcher::fill_slots() {
  if (busy_.empty() && paused_.empty()) {
    return;
  }
  const TimePoint now = clock_.now();
  TimePoint look_again = kNever;
  while (free_slots_ > 0 && grant_one(now, look_again)) {}
  look_again_at(free_slots_ > 0 ? look_again : kNever);
}

/// False when no queue may go now; `look_again` is then the time when one may.
bool Dispatcher::grant_one(TimePoint now, TimePoint& look_again) {
  collect_ready(now, look_again);
  if (is_timed()) {
    return grant_timed(now);
  }
  if (heads_.empty()) {
    return false;
  }
  grant(busy_[ready_[next_of(heads_, order_)]], now, kNever);
  return true;
}

/// The heads of the queues that may go now.
void Dispatcher::collect_ready(TimePoint now, TimePoint& look_again) {
  heads_.clear();
  ready_.clear();
  look_again = kNever;
  bool is_held_back = false;
  for (std::size_t i = 0; i < busy_.size(); ++i) {
    const Queue& queue = *busy_[i];
    const auto turn = queue.requests_.turn(queue.running_, now - queue.last_began_);
    if (turn != RequestQueue::Turn::May) {
      is_held_back = is_held_back || turn == RequestQueue::Turn::HadBetterWait;
      continue;
    }
    const TimePoint due = queue.requests_.due(now);
    if (due > now) {
      look_again = std::min(look_again, due);
      continue;
    }
    heads_.push_back(queue.requests_.head());
    ready_.push_back(i);
  }
  if (is_held_back) {
    let_go_later(now);
  }
}

void Dispatcher::grant(const std::shared_ptr<Queue>& granted, TimePoint now, TimePoint end_by) {
  const std::shared_ptr<Queue> queue = granted;  // took_out() may erase the other
  Run run{queue, {}, 0, 0, Duration{0}, Duration{0}, now};
  run.cost = is_timed() || queue->rule().steps > 1 ? queue->requests_.next_cost() : Duration{0};
  const RequestQueue::Batch batch = queue->requests_.take(now, end_by);
  took_out(queue, batch.size());
  const auto leader = std::static_pointer_cast<Waiting>(batch.front());
  run.head = leader->head;
  run.row_bytes = row_bytes_of(*leader->request);
  for (const auto& waiter : batch) {
    const auto waiting = std::static_pointer_cast<Waiting>(waiter);
    run.rows += std::max<std::uint64_t>(waiting->request->rows, 1);
    run.head.deadline = std::min(run.head.deadline, waiting->head.deadline);
    run.head.criticality = std::max(run.head.criticality, waiting->head.criticality);
    urgent_.fetch_sub(is_urgent(waiting->head) ? 1 : 0, std::memory_order_relaxed);
    waiting->state = Waiting::State::Granted;
    waiting->turn.ticket = queue->next_ticket_++;
    if (waiting != leader) {
      leader->turn.companions.emplace_back(waiting);
    }
  }
  --free_slots_;
  ++queue->running_;
  queue->last_began_ = now;
  leader->turn.slot.emplace(*this, std::move(run));
  (*leader->resume)(compute_);
}

/// The run that requests are held back for may take longer than it usually does. Rarely set, since
/// most runs end before: one that is on its way serves all, and it is not taken back.
void Dispatcher::let_go_later(TimePoint now) {
  if (is_letting_go_) {
    return;
  }
  is_letting_go_ = true;
  let_go_timer_ = clock_.at(now + BatchLimit::kLongestAwaited, [this] {
    serial_.run([this] {
      is_letting_go_ = false;
      fill_slots();
    });
  });
}

void Dispatcher::look_again_at(TimePoint when) {
  if (when == timer_at_) {
    return;
  }
  timer_at_ = when;
  timer_ = nullptr;
  if (when == kNever) {
    return;
  }
  timer_ = clock_.at(when, [this] {
    serial_.run([this] {
      timer_at_ = kNever;
      fill_slots();
    });
  });
}

}  // namespace aion::serving
