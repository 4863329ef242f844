// The part of the scheduler that is about advance reservations.
#include <algorithm>
#include <string>

#include "sched/capacity_profile.h"
#include "sched/scheduler.h"

namespace aion::sched {
namespace {

Error wrong(std::string_view field, const std::string& expected, Ticks got) {
  return Error{Code::InvalidArgument,
               "reservation." + std::string(field) + ": expected " + expected + ", got " +
                   std::to_string(got)};
}

Result<void> check(const AdvanceReservation& kept, std::int64_t capacity, Ticks now) {
  constexpr Ticks kLast = Ticks{1} << 60;  // so that sums with requests are numbers, too
  if (kept.start < now) {
    return wrong("start", "at least " + std::to_string(now) + ", which is now", kept.start);
  }
  if (kept.end <= kept.start || kept.end > kLast) {
    return wrong("end",
                 "more than its start, " + std::to_string(kept.start) + ", and at most 2^60",
                 kept.end);
  }
  if (kept.processors < 1 || kept.processors > capacity) {
    return wrong("processors",
                 "1 to " + std::to_string(capacity) + ", which the machine has",
                 kept.processors);
  }
  if (kept.user < -1) {
    return wrong("user", "a user's number, or -1 for maintenance", kept.user);
  }
  return {};
}

std::string span_of(const AdvanceReservation& kept) {
  return "from " + std::to_string(kept.start) + " to " + std::to_string(kept.end);
}

}  // namespace

Result<ReservationId> Scheduler::reserve(const AdvanceReservation& kept, Ticks now) {
  AION_TRY_VOID(check(kept, books_.capacity(), now));
  if (books_.calendar().windows().size() >= ReservationCalendar::kMost) {
    return Error{Code::ResourceExhausted,
                 "there are " + std::to_string(ReservationCalendar::kMost) +
                     " reservations already; one has to end or be cancelled first"};
  }
  const bool counts_claims = policy_.discipline != Discipline::Preemptive;
  const std::int64_t room = books_.room_for_window(kept, now, counts_claims);
  if (room < kept.processors) {
    return Error{Code::ResourceExhausted,
                 "cannot keep " + std::to_string(kept.processors) + " processors " + span_of(kept) +
                     ": other reservations" +
                     (counts_claims ? " and claims that may still run by their requests" : "") +
                     " leave " + std::to_string(std::max<std::int64_t>(0, room)) + " of " +
                     std::to_string(books_.capacity())};
  }
  const ReservationId id = books_.reserve(kept, now);
  queue_->disturbed(now);
  return id;
}

Result<void> Scheduler::cancel(ReservationId id, Ticks now) {
  if (books_.calendar().find(id) == nullptr) {
    return Error{Code::NotFound,
                 "there is no reservation " + std::to_string(id) + ", or it is over"};
  }
  const ReservedWindow closed = books_.close_window(id);
  queue_->window_withdrawn(closed.kept, now);
  hand_over(closed, now);
  return {};
}

Result<void> Scheduler::may_join(const Claim& claim, Ticks now) const {
  const ReservedWindow* const window = books_.calendar().find(claim.reservation);
  const std::string name = "reservation " + std::to_string(claim.reservation);
  if (window == nullptr || window->kept.end <= now) {
    return Error{Code::NotFound, "there is no " + name + ", or it is over"};
  }
  const AdvanceReservation& kept = window->kept;
  if (kept.user == -1) {
    return Error{Code::PermissionDenied, name + " is for maintenance: no claim runs inside it"};
  }
  if (kept.user != claim.user) {
    return Error{Code::PermissionDenied,
                 name + " is kept for user " + std::to_string(kept.user) + ", not for user " +
                     std::to_string(claim.user)};
  }
  if (claim.processors > kept.processors) {
    return Error{Code::InvalidArgument,
                 name + " keeps " + std::to_string(kept.processors) +
                     " processors, got a claim of " + std::to_string(claim.processors)};
  }
  const Ticks left = kept.end - std::max(now, kept.start);
  if (claim.request > left) {
    return Error{Code::InvalidArgument,
                 name + " has " + std::to_string(left) + " left, got a claim that may run for " +
                     std::to_string(claim.request)};
  }
  return {};
}

/// To the queue, what belonged to a window that is no more.
void Scheduler::hand_over(const ReservedWindow& closed, Ticks now) {
  for (const ClaimId claim : closed.running) {
    queue_->adopt(claim, now);
  }
  for (const ClaimId claim : closed.waiting) {
    enqueue(claim);
  }
}

/// Ends the windows that are over before those begin that may take their processors.
void Scheduler::turn_windows(Ticks now) {
  if (books_.calendar().next_boundary() <= now) {
    std::vector<ReservationId> over;
    std::vector<ReservationId> due;
    for (const ReservedWindow& window : books_.calendar().windows()) {
      if (window.kept.end <= now) {
        over.push_back(window.id);
      } else if (window.kept.start <= now && !window.is_open) {
        due.push_back(window.id);
      }
    }
    for (const ReservationId id : over) {
      const ReservedWindow closed = books_.close_window(id);
      queue_->window_over(now);
      hand_over(closed, now);
    }
    for (const ReservationId id : due) {
      books_.open_window(id);
    }
  }
  if (books_.members_waiting() > 0) {
    release_late_members(now);
  }
}

void Scheduler::release_late_members(Ticks now) {
  std::vector<ClaimId> late;
  for (const ReservedWindow& window : books_.calendar().windows()) {
    for (const ClaimId claim : window.waiting) {
      if (books_.at(claim).claim.request > window.kept.end - std::max(now, window.kept.start)) {
        late.push_back(claim);
      }
    }
  }
  for (const ClaimId claim : late) {
    books_.leave(claim);
    enqueue(claim);
  }
}

/// Members start in the order of submission, each that fits.
void Scheduler::start_members(Ticks now, std::vector<Decision>& out) {
  if (books_.members_waiting() == 0) {
    return;
  }
  std::vector<ClaimId> waiting;
  for (const ReservedWindow& window : books_.calendar().windows()) {
    waiting.insert(waiting.end(), window.waiting.begin(), window.waiting.end());
  }
  for (const ClaimId claim : waiting) {
    if (books_.may_start_inside(claim, now)) {
      books_.start_inside(claim, now);
      out.push_back({Decision::Action::Start, claim, books_.at(claim).claim.id});
    }
  }
}

/// Lets the members start in order, by their requests; kNever when this one would not be done in
/// time.
Ticks Scheduler::predict_start_inside(ClaimId claim, Ticks now) const {
  const ReservedWindow& window = *books_.calendar().find(books_.at(claim).inside);
  const Ticks begin = std::max(now, window.kept.start);
  CapacityProfile profile(window.kept.processors);
  for (const ClaimId other : window.running) {
    const Record& record = books_.at(other);
    const Ticks end = std::max(record.started + record.claim.request, now + 1);
    profile.change(now, end, -record.claim.processors);
  }
  for (const ClaimId next : window.waiting) {
    const Claim& wanted = books_.at(next).claim;
    const Ticks start = profile.earliest(wanted.processors, wanted.request, begin);
    const bool is_in_time = start + wanted.request <= window.kept.end;
    if (next == claim) {
      return is_in_time ? start : kNever;
    }
    if (is_in_time) {
      profile.change(start, start + wanted.request, -wanted.processors);
    }
  }
  return kNever;
}

Standing Scheduler::explain_member(ClaimId claim, Ticks now) const {
  const Record& record = books_.at(claim);
  const ReservedWindow& window = *books_.calendar().find(record.inside);
  Standing standing;
  standing.inside = WindowSummary{window.id, window.kept};
  standing.processors = record.claim.processors;
  standing.capacity = window.kept.processors;
  standing.free = window.kept.processors - window.used;
  standing.waiting = window.waiting.size();
  if (record.state == Record::State::Running) {
    standing.runs = true;
    standing.time = record.ends;
    return standing;
  }
  const auto place = std::find(window.waiting.begin(), window.waiting.end(), claim);
  standing.ahead = static_cast<std::size_t>(place - window.waiting.begin());
  standing.time = predict_start_inside(claim, now);
  return standing;
}

}  // namespace aion::sched
