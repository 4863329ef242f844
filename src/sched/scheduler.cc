#include "sched/scheduler.h"

#include <utility>

#include "sched/backfill_room.h"

namespace aion::sched {

Scheduler::Scheduler(const Policy& policy, std::int64_t processors)
    : policy_(policy), books_(processors), queue_(make_queue(policy_, books_)) {
  AION_ASSERT(processors > 0);
}

Ticks Scheduler::estimate_of(const Claim& claim, Estimates kind) const {
  switch (kind) {
    case Estimates::Actual:
      return claim.runtime > 0 ? claim.runtime : claim.request;
    case Estimates::Tempered:
      return predictor_.temper(claim);
    case Estimates::Predicted:
      return predictor_.predict(claim);
    case Estimates::Requested:
      break;
  }
  return claim.request;
}

ClaimId Scheduler::submit(const Claim& claim, Ticks /*now*/) {
  AION_ASSERT(claim.processors > 0 && claim.request > 0);
  const ClaimId id = books_.open(claim);
  books_.at(id).estimate = estimate_of(claim, policy_.estimates);
  books_.at(id).ranked_as = policy_.ranking == policy_.estimates
                                ? books_.at(id).estimate
                                : estimate_of(claim, policy_.ranking);
  if (claim.reservation != 0) {
    books_.join(id);
  } else {
    enqueue(id);
  }
  return id;
}

/// Into the queue, or aside if it is larger than the machine: there it holds nobody up, whatever
/// the discipline promises to its head.
void Scheduler::enqueue(ClaimId claim) {
  if (books_.at(claim).claim.processors <= books_.capacity()) {
    queue_->add(claim);
  } else {
    too_large_.push_back(claim);
  }
}

bool Scheduler::forget_too_large(ClaimId claim) {
  return std::erase(too_large_, claim) > 0;
}

void Scheduler::finish(ClaimId claim, Ticks now) {
  AION_ASSERT(books_.holds(claim));
  const bool is_member = books_.at(claim).inside != 0;
  if (books_.at(claim).state == Record::State::Waiting) {
    if (is_member) {
      books_.leave(claim);
    } else if (!forget_too_large(claim)) {
      queue_->remove(claim);
    }
  } else {
    predictor_.learn(books_.at(claim).claim, books_.attained(claim, now));
    books_.stop(claim);
    if (!is_member) {
      queue_->released(claim, now);
    }
  }
  books_.close(claim);
}

void Scheduler::set_capacity(std::int64_t processors, Ticks now) {
  AION_ASSERT(processors >= 0);
  books_.set_capacity(processors);
  std::vector<ClaimId> outgrown;
  queue_->walk([&](ClaimId claim) {
    if (books_.at(claim).claim.processors > processors) {
      outgrown.push_back(claim);
    }
    return true;
  });
  for (const ClaimId claim : outgrown) {
    queue_->remove(claim);
  }
  for (const ClaimId claim : std::exchange(too_large_, std::move(outgrown))) {
    enqueue(claim);
  }
  queue_->disturbed(now);
}

/// A claim that has run longer than was believed is believed to run longer still.
void Scheduler::correct_estimates(Ticks now) {
  const RunningList& running = books_.running();
  while (!running.is_empty() && running.front().ends <= now) {
    const ClaimId claim = running.front().claim;
    Record& record = books_.at(claim);
    record.estimate = RuntimePredictor::correct(record.claim, books_.attained(claim, now));
    books_.expect_end(claim, record.started + record.overhead + record.estimate - record.attained);
    queue_->disturbed(now);
  }
}

void Scheduler::decide(Ticks now, std::vector<Decision>& out) {
  turn_windows(now);
  correct_estimates(now);
  queue_->decide(now, out);
  start_members(now, out);
}

/// Lets what waits start in order, each as early as it fits behind those before it. A claim may
/// start sooner, as what runs may end sooner, and later where the order lets others in before it.
Ticks Scheduler::predict_start(ClaimId claim, Ticks now) const {
  CapacityProfile profile = believed_profile(books_, now);
  const bool has_windows = !books_.calendar().is_empty();
  constexpr std::size_t kFarthest = 1000;  // who stands farther back is not told a time
  std::size_t seen = 0;
  Ticks start = kNever;
  queue_->walk([&](ClaimId next) {
    const Record& record = books_.at(next);
    if (record.claim.processors <= books_.capacity()) {
      const Ticks takes = has_windows ? record.claim.request : record.estimate;
      const Ticks begins = profile.earliest(record.claim.processors, takes, now);
      profile.change(begins, begins + takes, -record.claim.processors);
      start = next == claim ? begins : kNever;
    }
    return next != claim && ++seen < kFarthest;
  });
  return start;
}

Standing Scheduler::explain(ClaimId claim, Ticks now) const {
  AION_ASSERT(books_.holds(claim));
  const Record& record = books_.at(claim);
  if (record.inside != 0) {
    return explain_member(claim, now);
  }
  Standing standing;
  standing.processors = record.claim.processors;
  standing.capacity = books_.capacity();
  standing.free = std::max<std::int64_t>(0, books_.free());
  standing.kept = books_.calendar().kept_now();
  standing.waiting = queue_->size() + too_large_.size();
  if (record.state == Record::State::Running) {
    standing.runs = true;
    standing.time = record.ends;
    return standing;
  }
  if (record.claim.processors > books_.capacity()) {
    return standing;  // never on this machine
  }
  standing.ahead = queue_->position(claim);
  standing.is_reserved = record.reserved != kNever;
  const bool fits_now = record.claim.processors <= books_.free();
  if (fits_now && policy_.discipline != Discipline::Preemptive) {
    const ReservedWindow* const window = books_.in_the_way_of(claim, now);
    standing.obstacle =
        window == nullptr ? std::nullopt : std::optional(WindowSummary{window->id, window->kept});
  }
  standing.time = standing.is_reserved ? record.reserved : predict_start(claim, now);
  return standing;
}

}  // namespace aion::sched
