// The part of the books that is about advance reservations.
#include <algorithm>

#include "sched/books.h"

namespace aion::sched {

/// Processors of claims outside of windows that may still run at `time`, by their requests. What is
/// over its request may end at any moment.
std::int64_t Books::held_at(Ticks time, Ticks now) const {
  std::int64_t sum = 0;
  running_.walk([](const RunningSummary&) { return true; },
                [](const RunningSummary&) {},
                [&](const RunningEntry& entry) {
                  const Record& record = records_[entry.claim];
                  const Ticks until = std::max(record.started + record.claim.request, now + 1);
                  sum += until > time ? entry.processors : 0;
                  return true;
                });
  return sum;
}

std::int64_t Books::room_for_window(const AdvanceReservation& kept,
                                    Ticks now,
                                    bool counts_claims) const {
  const std::int64_t held = counts_claims ? held_at(kept.start, now) : 0;
  std::int64_t room = capacity_ - calendar_.kept_at(kept.start) - held;
  for (const ReservedWindow& window : calendar_.windows()) {
    if (window.kept.start > kept.start && window.kept.start < kept.end) {
      const std::int64_t by_claims = counts_claims ? window.held_at_start : 0;
      room = std::min(room, capacity_ - window.kept_at_start - by_claims);
    }
  }
  return room;
}

ReservationId Books::reserve(const AdvanceReservation& kept, Ticks now) {
  return calendar_.add(kept, held_at(kept.start, now));
}

void Books::open_window(ReservationId id) {
  ReservedWindow* const window = calendar_.find(id);
  AION_ASSERT(window != nullptr && !window->is_open);
  window->is_open = true;
  free_ -= window->kept.processors;
}

ReservedWindow Books::close_window(ReservationId id) {
  ReservedWindow window = calendar_.take_out(id);
  free_ += window.is_open ? window.kept.processors : 0;
  for (const ClaimId claim : window.running) {
    Record& record = records_[claim];
    record.inside = 0;
    free_ -= record.claim.processors;
    running_.insert(running_entry(claim));
    calendar_.hold(record.started, record.started + record.claim.request, record.claim.processors);
  }
  for (const ClaimId claim : window.waiting) {
    records_[claim].inside = 0;
  }
  members_running_ -= window.running.size();
  members_waiting_ -= window.waiting.size();
  return window;
}

void Books::join(ClaimId claim) {
  Record& record = records_[claim];
  ReservedWindow* const window = calendar_.find(record.claim.reservation);
  AION_ASSERT(window != nullptr && record.state == Record::State::Waiting);
  record.inside = window->id;
  window->waiting.push_back(claim);
  ++members_waiting_;
}

void Books::leave(ClaimId claim) {
  Record& record = records_[claim];
  ReservedWindow* const window = calendar_.find(record.inside);
  AION_ASSERT(window != nullptr && record.state == Record::State::Waiting);
  std::erase(window->waiting, claim);
  record.inside = 0;
  --members_waiting_;
}

bool Books::may_start_inside(ClaimId claim, Ticks now) const {
  const Record& record = records_[claim];
  const ReservedWindow* const window = calendar_.find(record.inside);
  AION_ASSERT(window != nullptr);
  const std::int64_t left = window->kept.processors - window->used;
  // Of a machine that has shrunk, windows may keep more than there is.
  const std::int64_t there = std::min(left, free_ + calendar_.unused_now());
  return window->is_open && record.claim.processors <= there &&
         record.claim.request <= window->kept.end - now;
}

void Books::start_inside(ClaimId claim, Ticks now) {
  AION_ASSERT(may_start_inside(claim, now));
  Record& record = records_[claim];
  ReservedWindow* const window = calendar_.find(record.inside);
  std::erase(window->waiting, claim);
  window->running.push_back(claim);
  window->used += record.claim.processors;
  record.state = Record::State::Running;
  record.started = now;
  record.ends = now + record.estimate;
  --members_waiting_;
  ++members_running_;
}

void Books::stop_inside(ClaimId claim) {
  Record& record = records_[claim];
  ReservedWindow* const window = calendar_.find(record.inside);
  AION_ASSERT(window != nullptr && record.state == Record::State::Running);
  std::erase(window->running, claim);
  window->used -= record.claim.processors;
  record.state = Record::State::Waiting;
  --members_running_;
}

}  // namespace aion::sched
