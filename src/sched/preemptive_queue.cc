#include "sched/preemptive_queue.h"

namespace aion::sched {

WaitingEntry PreemptiveQueue::entry_of(ClaimId claim) const {
  const Record& record = books_.at(claim);
  const Progress progress{record.ranked_as + record.overhead, record.attained};
  return {policy_.order(record.claim, progress),
          record.number,
          record.estimate,
          claim,
          record.claim.processors};
}

WaitingEntry PreemptiveQueue::running_entry(ClaimId claim, Ticks now) const {
  const Record& record = books_.at(claim);
  const Progress progress{record.ranked_as, books_.attained(claim, now)};
  return {policy_.order(record.claim, progress),
          record.number,
          record.estimate,
          claim,
          record.claim.processors};
}

void PreemptiveQueue::add(ClaimId claim) {
  waiting_.insert(entry_of(claim));
}

void PreemptiveQueue::adopt(ClaimId claim, Ticks now) {
  running_.push_back(running_entry(claim, now));
}

void PreemptiveQueue::released(ClaimId /*claim*/, Ticks /*now*/) {}

/// Brings the running claims to where they stand now. Their order hardly changes between two
/// decisions, so it is mended, not made anew.
void PreemptiveQueue::refresh(Ticks now) {
  const auto mine = [&](const WaitingEntry& entry) {
    const Record& record = books_.at(entry.claim);
    return record.state == Record::State::Running && record.number == entry.number;
  };
  std::size_t kept = 0;
  for (const WaitingEntry& entry : running_) {
    if (mine(entry)) {
      running_[kept++] = running_entry(entry.claim, now);
    }
  }
  running_.resize(kept);
  std::size_t moves = 0;
  for (std::size_t at = 1; at < running_.size() && moves < 8 * running_.size(); ++at) {
    for (std::size_t to = at; to > 0 && running_[to] < running_[to - 1]; --to, ++moves) {
      std::swap(running_[to], running_[to - 1]);
    }
  }
  if (moves >= 8 * running_.size()) {
    std::sort(running_.begin(), running_.end());
  }
}

void PreemptiveQueue::choose(Ticks now) {
  refresh(now);
  std::int64_t left = books_.capacity() - books_.calendar().kept_now();
  auto next = running_.cbegin();
  const auto keep_or_stop = [&] {
    if (next->processors <= left) {
      left -= next->processors;
    } else {
      to_stop_.push_back(next->claim);
    }
    ++next;
  };
  waiting_.walk([&](const WaitingSummary& least) { return least.processors <= left; },
                [](const WaitingSummary&) {},
                [&](const WaitingEntry& entry) {
                  while (next != running_.cend() && *next < entry) {
                    keep_or_stop();
                  }
                  if (entry.processors <= left) {
                    left -= entry.processors;
                    to_start_.push_back(entry.claim);
                  }
                  return left > 0;
                });
  while (next != running_.cend()) {
    keep_or_stop();
  }
}

void PreemptiveQueue::stop(ClaimId claim, Ticks now, std::vector<Decision>& out) {
  Record& record = books_.at(claim);
  const Ticks attained = books_.attained(claim, now);
  books_.stop(claim);
  record.attained = attained;
  record.overhead = policy_.restart_cost;
  waiting_.insert(entry_of(claim));
  out.push_back({Decision::Action::Preempt, claim, record.claim.id});
}

void PreemptiveQueue::decide(Ticks now, std::vector<Decision>& out) {
  to_start_.clear();
  to_stop_.clear();
  choose(now);
  for (const ClaimId claim : to_start_) {
    waiting_.erase(entry_of(claim));
  }
  for (const ClaimId claim : to_stop_) {
    stop(claim, now, out);
  }
  for (const ClaimId claim : to_start_) {
    start(books_, claim, now, out);
    running_.push_back(running_entry(claim, now));
  }
  wake_at_ = policy_.quantum > 0 && !waiting_.is_empty() ? now + policy_.quantum : kNever;
}

}  // namespace aion::sched
