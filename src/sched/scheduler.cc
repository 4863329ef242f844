#include "sched/scheduler.h"

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
  queue_->add(id);
  return id;
}

void Scheduler::finish(ClaimId claim, Ticks now) {
  AION_ASSERT(books_.holds(claim));
  if (books_.at(claim).state == Record::State::Waiting) {
    queue_->remove(claim);
  } else {
    predictor_.learn(books_.at(claim).claim, books_.attained(claim, now));
    books_.stop(claim);
    queue_->released(claim, now);
  }
  books_.close(claim);
}

void Scheduler::set_capacity(std::int64_t processors, Ticks now) {
  AION_ASSERT(processors >= 0);
  books_.set_capacity(processors);
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
  correct_estimates(now);
  queue_->decide(now, out);
}

}  // namespace aion::sched
