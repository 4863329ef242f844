#include "sched/conservative_queue.h"

#include "sched/backfill_room.h"

namespace aion::sched {

bool ConservativeQueue::still_waits(const Waiting& who) const {
  const Record& record = books_.at(who.claim);
  return record.state == Record::State::Waiting && record.number == who.number;
}

void ConservativeQueue::reserve(const Waiting& who, Ticks start) {
  Record& record = books_.at(who.claim);
  record.reserved = start;
  profile_.change(start, start + record.estimate, -record.claim.processors);
  starts_.push({start, plans_++, who});
}

void ConservativeQueue::remove(ClaimId claim) {
  const Record& record = books_.at(claim);
  const auto is_it = [&](const Waiting& who) {
    return who.claim == claim && who.number == record.number;
  };
  if (std::erase_if(fresh_, is_it) == 0) {
    std::erase_if(waiting_, is_it);
    is_stale_ = true;
  }
}

void ConservativeQueue::released(ClaimId claim, Ticks now) {
  returned_.push_back({now, books_.at(claim).ends, books_.at(claim).claim.processors});
  // Also what ends as believed may have held somebody up, who would have run into a window.
  may_move_ = may_move_ || !books_.calendar().is_empty();
}

void ConservativeQueue::window_withdrawn(const AdvanceReservation& kept, Ticks now) {
  returned_.push_back({std::max(kept.start, now), kept.end, kept.processors});
}

/// At once, so that nobody is moved to what the member still holds of its window.
void ConservativeQueue::adopt(ClaimId claim, Ticks now) {
  const Record& record = books_.at(claim);
  profile_.change(now, std::max(record.ends, now + 1), -record.claim.processors);
}

void ConservativeQueue::decide(Ticks now, std::vector<Decision>& out) {
  profile_.forget(now);
  for (const Waiting& who : fresh_) {
    const Record& record = books_.at(who.claim);
    waiting_.push_back(who);
    if (!is_stale_ && record.claim.processors <= books_.capacity()) {
      reserve(who, profile_.earliest(record.claim.processors, record.estimate, now));
    }
  }
  fresh_.clear();
  for (const Returned& returned : returned_) {
    if (returned.until > now) {
      profile_.change(std::max(returned.from, now), returned.until, returned.processors);
      may_move_ = true;
    }
    may_move_ = may_move_ && !is_stale_ && compress(now);
  }
  returned_.clear();
  if (is_stale_) {
    rebuild(now);
  }
  start_due(now, out);
}

/// Moves what waits as far forward as it goes, once around. True when something moved.
bool ConservativeQueue::compress(Ticks now) {
  bool has_moved = false;
  std::size_t kept = 0;
  for (const Waiting& who : waiting_) {
    if (!still_waits(who)) {
      continue;
    }
    waiting_[kept++] = who;
    Record& record = books_.at(who.claim);
    if (record.reserved <= now) {
      continue;
    }
    const Ticks start =
        profile_.earlier(record.claim.processors, record.estimate, now, record.reserved);
    if (start < record.reserved) {
      profile_.change(record.reserved, record.reserved + record.estimate, record.claim.processors);
      reserve(who, start);
      has_moved = true;
    }
  }
  waiting_.resize(kept);
  gone_ = 0;
  return has_moved;
}

void ConservativeQueue::start_due(Ticks now, std::vector<Decision>& out) {
  while (!starts_.empty() && starts_.top().at <= now) {
    const PlannedStart planned = starts_.top();
    const Record& record = books_.at(planned.who.claim);
    if (!still_waits(planned.who) || record.reserved != planned.at) {
      starts_.pop();  // an older plan
      continue;
    }
    if (planned.at < now || record.claim.processors > books_.free()) {
      // The driver came late, or something runs longer than it was to: after that, what is due now
      // fits now.
      rebuild(now);
      continue;
    }
    starts_.pop();
    if (const ReservedWindow* const window = books_.in_the_way_of(planned.who.claim, now)) {
      put_behind(window->kept.end, planned.who);
      continue;
    }
    start(books_, planned.who.claim, now, out);
    ++gone_;
  }
}

/// Something that runs may still run, by its request, when the window begins, though it was
/// believed to end before: the claim has to let the window pass.
void ConservativeQueue::put_behind(Ticks time, const Waiting& who) {
  const Record& record = books_.at(who.claim);
  const std::int32_t processors = record.claim.processors;
  profile_.change(record.reserved, record.reserved + record.estimate, processors);
  reserve(who, profile_.earliest(processors, record.estimate, time));
}

/// Makes all reservations anew, in order of arrival, from what runs now.
void ConservativeQueue::rebuild(Ticks now) {
  is_stale_ = false;
  profile_ = believed_profile(books_, now);
  starts_ = {};
  std::erase_if(waiting_, [&](const Waiting& who) { return !still_waits(who); });
  gone_ = 0;
  for (const Waiting& who : waiting_) {
    Record& record = books_.at(who.claim);
    record.reserved = kNever;
    if (record.claim.processors <= books_.capacity()) {
      reserve(who, profile_.earliest(record.claim.processors, record.estimate, now));
    }
  }
}

void ConservativeQueue::walk(const std::function<bool(ClaimId)>& see) const {
  for (const Waiting& who : waiting_) {
    if (still_waits(who) && !see(who.claim)) {
      return;
    }
  }
}

std::size_t ConservativeQueue::position(ClaimId claim) const {
  const std::uint64_t number = books_.at(claim).number;
  return static_cast<std::size_t>(
      std::count_if(waiting_.begin(), waiting_.end(), [&](const Waiting& who) {
        return still_waits(who) && who.number < number;
      }));
}

}  // namespace aion::sched
