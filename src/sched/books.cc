#include "sched/books.h"

namespace aion::sched {

void Books::set_capacity(std::int64_t capacity) {
  free_ += capacity - capacity_;
  capacity_ = capacity;
}

ClaimId Books::open(const Claim& claim) {
  ClaimId at = 0;
  if (unused_.empty()) {
    at = static_cast<ClaimId>(records_.size());
    records_.emplace_back();
  } else {
    at = unused_.back();
    unused_.pop_back();
  }
  Record& record = records_[at];
  record = Record{};
  record.claim = claim;
  record.number = next_number_++;
  record.state = Record::State::Waiting;
  return at;
}

void Books::close(ClaimId claim) {
  records_[claim].state = Record::State::Free;
  unused_.push_back(claim);
}

RunningEntry Books::running_entry(ClaimId claim) const {
  const Record& record = records_[claim];
  return {record.ends, record.number, claim, record.claim.processors};
}

void Books::start(ClaimId claim, Ticks now) {
  Record& record = records_[claim];
  AION_ASSERT(record.state == Record::State::Waiting);
  AION_ASSERT(record.claim.processors <= free_);
  record.state = Record::State::Running;
  record.started = now;
  record.ends = now + record.overhead + std::max<Ticks>(0, record.estimate - record.attained);
  free_ -= record.claim.processors;
  running_.insert(running_entry(claim));
  calendar_.hold(now, now + record.claim.request, record.claim.processors);
}

void Books::stop(ClaimId claim) {
  Record& record = records_[claim];
  AION_ASSERT(record.state == Record::State::Running);
  if (record.inside != 0) {
    stop_inside(claim);
    return;
  }
  calendar_.hold(record.started, record.started + record.claim.request, -record.claim.processors);
  running_.erase(running_entry(claim));
  free_ += record.claim.processors;
  record.state = Record::State::Waiting;
}

void Books::expect_end(ClaimId claim, Ticks ends) {
  running_.erase(running_entry(claim));
  records_[claim].ends = ends;
  running_.insert(running_entry(claim));
}

Ticks Books::attained(ClaimId claim, Ticks now) const {
  const Record& record = records_[claim];
  return record.attained + std::max<Ticks>(0, now - record.started - record.overhead);
}

Shadow Books::shadow_for(std::int32_t processors) const {
  std::int64_t available = free_;
  if (available >= processors) {
    return {std::numeric_limits<Ticks>::min(), available - processors};
  }
  Ticks time = kNever;
  running_.walk(
      [&](const RunningSummary& block) {
        return time != kNever || available + block.processors >= processors;
      },
      [&](const RunningSummary& block) { available += block.processors; },
      [&](const RunningEntry& entry) {
        if (time != kNever && entry.ends > time) {
          return false;
        }
        available += entry.processors;
        if (available >= processors) {
          time = entry.ends;
        }
        return true;
      });
  return {time, available - processors};
}

}  // namespace aion::sched
