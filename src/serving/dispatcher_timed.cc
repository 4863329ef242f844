// How the dispatcher honours deadlines: what goes next, what is refused, and runs that are held up.
#include <algorithm>
#include <chrono>

#include "serving/dispatcher_waiting.h"

namespace aion::serving {

namespace {

// A queue without a safety request for so long is not waited for any more.
constexpr Duration kCriticalFor = std::chrono::seconds(10);

// Of requests that a run is believed to make late, one in so many runs all the same where nobody
// waits: what is believed may be outdated, and only runs tell.
constexpr std::uint32_t kTriedAllTheSame = 16;

// Who is promised a floor waits for so long before it is taken from others.
constexpr Duration kPatience = std::chrono::milliseconds(100);

bool is_promised_a_floor(const QueueHead& head) {
  return head.criticality == Criticality::BestEffort ||
         (head.deadline == kNever && head.criticality != Criticality::Safety);
}

sched::Ticks ticks(Duration time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
}

sched::Ticks ticks(TimePoint time) {
  return time == kNever ? sched::kNever : ticks(time.time_since_epoch());
}

sched::Ticks at_least_one(Duration time) {
  return std::max<sched::Ticks>(ticks(time), 1);
}

}  // namespace

bool Dispatcher::is_timed() const {
  return honours_deadlines_ &&
         (reserved_ > 0 || !paused_.empty() || urgent_.load(std::memory_order_relaxed) > 0);
}

/// False when nothing may go on a slot that is free.
bool Dispatcher::grant_timed(TimePoint now) {
  works_.clear();
  work_of_.clear();
  const bool is_lane = free_slots_ <= reserved_;
  bool has_waited = false;  // somebody who is promised a floor
  const auto add = [&](const QueueHead& head, Duration cost, std::size_t steps, std::size_t of) {
    if (is_lane && head.criticality != Criticality::Safety) {
      return;
    }
    const auto blocks = cost / static_cast<Duration::rep>(steps);
    works_.push_back({head.criticality,
                      ticks(head.deadline),
                      at_least_one(cost),
                      at_least_one(blocks),
                      place_of(head, order_),
                      head.arrival});
    work_of_.push_back(of);
    has_waited = has_waited || (is_promised_a_floor(head) && now - head.came >= kPatience);
  };
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    const Queue& queue = *busy_[ready_[i]];
    add(heads_[i], queue.requests_.next_cost(), queue.rule().steps, i);
  }
  for (std::size_t i = 0; i < paused_.size(); ++i) {
    const Run& run = paused_[i].slot->run_;
    const Duration left = std::max(run.cost - run.used, Duration{1});
    add(run.head, left, std::max<std::size_t>(run.queue->rule().steps, 1), heads_.size() + i);
  }
  if (works_.empty()) {
    return false;
  }
  const sched::TimedRule rule{
      ticks(now), shares_.safety(slots_), has_waited && shares_.is_floor_owed(now)};
  const std::size_t chosen = sched::next_in_time(works_, rule);
  if (work_of_[chosen] >= heads_.size()) {
    go_on(work_of_[chosen] - heads_.size(), now);
  } else {
    grant(busy_[ready_[work_of_[chosen]]], now, end_by(chosen, now));
  }
  return true;
}

/// When a batch of the chosen work has to end, so that it makes nobody late who waits or is likely
/// to come.
TimePoint Dispatcher::end_by(std::size_t chosen, TimePoint now) {
  const sched::TimedWork& work = works_[chosen];
  if (free_slots_ > 1 || busy_[ready_[work_of_[chosen]]]->rule().steps > 1) {
    return kNever;  // who is more urgent finds a slot
  }
  TimePoint end = now + tolerated(now);
  for (std::size_t i = 0; i < works_.size(); ++i) {
    const sched::TimedWork& other = works_[i];
    const bool counts =
        i != chosen && other.deadline != sched::kNever && other.criticality >= work.criticality;
    if (counts && ticks(now) + work.cost + other.cost > other.deadline &&
        ticks(now) + other.cost <= other.deadline) {
      end = std::min(end, TimePoint{std::chrono::microseconds(other.deadline - other.cost)});
    }
  }
  return end;
}

/// For how long the device may be taken without making a safety request late that comes meanwhile,
/// if those to come are like those that came.
Duration Dispatcher::tolerated(TimePoint now) {
  Duration least = std::chrono::hours(1);
  const auto is_of_old = [&](const std::weak_ptr<Queue>& listed) {
    const auto queue = listed.lock();
    if (queue && now - queue->slack_seen_ <= kCriticalFor) {
      least = std::min(least, queue->slack_);
      return false;
    }
    if (queue) {
      queue->slack_seen_ = TimePoint::min();
    }
    return true;
  };
  std::erase_if(critical_, is_of_old);
  return std::max(least, Duration{0});
}

/// What a request tells of those to come.
void Dispatcher::note_slack(const Waiting& waiting) {
  const QueueHead& head = waiting.head;
  if (head.criticality != Criticality::Safety || head.deadline == kNever) {
    return;
  }
  Queue& queue = *waiting.queue;
  if (queue.slack_seen_ == TimePoint::min()) {
    critical_.push_back(waiting.queue);
  }
  queue.slack_ = head.deadline - head.came - head.cost;
  queue.slack_seen_ = head.came;
}

/// Whether a request that has just come cannot be in time, even if it runs at once.
bool Dispatcher::is_hopeless(Waiting& waiting) const {
  const QueueHead& head = waiting.head;
  if (!honours_deadlines_ || head.deadline == kNever || head.came + head.cost <= head.deadline) {
    return false;
  }
  const bool is_alone = free_slots_ > reserved_ && busy_.empty();
  return !is_alone || ++waiting.queue->hopeless_ % kTriedAllTheSame != 0;
}

Awaitable<void> Dispatcher::Slot::between_steps() {
  if (dispatcher_->urgent_.load(std::memory_order_relaxed) == 0 ||
      !dispatcher_->honours_deadlines_) {
    co_return;
  }
  co_await suspend([this](const Resume& resume) {
    dispatcher_->serial_.run([this, resume] { dispatcher_->pause(*this, resume); });
  });
}

/// The run waits like the requests do, and goes on when it is its turn: at once if nobody is more
/// urgent.
void Dispatcher::pause(Slot& slot, const Resume& resume) {
  const TimePoint now = clock_.now();
  account(slot.run_, now - slot.run_.began, now);
  slot.run_.used += now - slot.run_.began;
  ++free_slots_;
  paused_.push_back({&slot, resume});
  fill_slots();
}

void Dispatcher::go_on(std::size_t paused, TimePoint now) {
  const Paused goes = paused_[paused];
  paused_.erase(paused_.begin() + static_cast<std::ptrdiff_t>(paused));
  --free_slots_;
  goes.slot->run_.began = now;
  goes.resume(compute_);
}

/// A run has had the device for so long.
void Dispatcher::account(const Run& run, Duration time, TimePoint now) {
  using Part = DeviceShares::Part;
  if (!honours_deadlines_ || (!is_urgent(run.head) && !is_timed())) {
    return;
  }
  const bool is_safety = run.head.criticality == Criticality::Safety;
  const Part below = is_promised_a_floor(run.head) ? Part::Floor : Part::Rest;
  shares_.add(is_safety ? Part::Safety : below, time, now);
}

}  // namespace aion::serving
