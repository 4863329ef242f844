// What a scheduler knows: every claim that waits or runs, and how much of the machine is free.
#pragma once

#include <cstdint>
#include <vector>

#include "sched/blocked_list.h"
#include "sched/policy/claim.h"
#include "sched/reservation_calendar.h"

namespace aion::sched {

/// What the driver is to do, in the order in which it is said: what is stopped is stopped before
/// the next starts.
struct Decision {
  enum class Action : std::uint8_t { Start, Preempt };
  Action action = Action::Start;
  ClaimId claim = 0;
  std::uint64_t id = 0;  // the driver's own name of the claim
};

/// A claim in the books.
struct Record {
  enum class State : std::uint8_t { Free, Waiting, Running };
  Claim claim;
  std::uint64_t number = 0;  // in the order of submission; breaks ties
  Ticks estimate =
      1;  // how long it is believed to run in all, where it is held against reservations
  Ticks ranked_as = 1;  // the same where it is put in order
  Ticks attained = 0;   // useful time up to its last start
  Ticks overhead = 0;   // what its present run loses to having been stopped
  Ticks started = 0;
  Ticks ends = 0;           // when it is believed to end; its place among the running
  Ticks reserved = kNever;  // Conservative: when it will start
  std::int64_t key = 0;     // its places among the waiting
  std::int64_t backfill_key = 0;
  ReservationId inside = 0;  // the window of which it is a member; 0 = of none, or no longer
  State state = State::Free;
};

/// A claim that waits, as an index keeps it.
struct WaitingEntry {
  std::int64_t key = 0;
  std::uint64_t number = 0;
  Ticks estimate = 0;
  ClaimId claim = 0;
  std::int32_t processors = 0;

  bool operator<(const WaitingEntry& other) const {
    return key != other.key ? key < other.key : number < other.number;
  }
};

/// The least of what some waiting claims need: if that does not fit, none of them does.
struct WaitingSummary {
  std::int32_t processors = std::numeric_limits<std::int32_t>::max();
  Ticks estimate = kNever;

  void add(const WaitingEntry& entry) {
    processors = std::min(processors, entry.processors);
    estimate = std::min(estimate, entry.estimate);
  }
  [[nodiscard]] bool remove(const WaitingEntry& entry) const {
    return entry.processors > processors && entry.estimate > estimate;
  }
};

using WaitingList = BlockedList<WaitingEntry, WaitingSummary>;

/// A claim that runs, by when it is believed to end.
struct RunningEntry {
  Ticks ends = 0;
  std::uint64_t number = 0;
  ClaimId claim = 0;
  std::int32_t processors = 0;

  bool operator<(const RunningEntry& other) const {
    return ends != other.ends ? ends < other.ends : number < other.number;
  }
};

struct RunningSummary {
  std::int64_t processors = 0;
  Ticks last_end = std::numeric_limits<Ticks>::min();

  void add(const RunningEntry& entry) {
    processors += entry.processors;
    last_end = std::max(last_end, entry.ends);
  }
  [[nodiscard]] bool remove(const RunningEntry& entry) {
    processors -= entry.processors;
    return entry.ends < last_end;
  }
};

using RunningList = BlockedList<RunningEntry, RunningSummary>;

/// When enough is believed to be free, and how much more than that.
struct Shadow {
  Ticks time = kNever;  // kNever: not by anything that runs
  std::int64_t extra = 0;
};

/// The account of one machine of identical processors. Not thread-safe: it belongs to one
/// Scheduler.
class Books {
 public:
  explicit Books(std::int64_t capacity) : capacity_(capacity), free_(capacity) {}

  [[nodiscard]] std::int64_t capacity() const { return capacity_; }
  /// What windows that are open keep is not free. Negative while more runs than a machine that has
  /// shrunk can hold, or than a window leaves that has just begun.
  [[nodiscard]] std::int64_t free() const { return free_; }
  [[nodiscard]] const RunningList& running() const { return running_; }
  [[nodiscard]] Record& at(ClaimId claim) { return records_[claim]; }
  [[nodiscard]] const Record& at(ClaimId claim) const { return records_[claim]; }
  [[nodiscard]] bool holds(ClaimId claim) const {
    return claim < records_.size() && records_[claim].state != Record::State::Free;
  }

  void set_capacity(std::int64_t capacity);
  ClaimId open(const Claim& claim);
  /// The claim has gone; its number may be used again.
  void close(ClaimId claim);
  void start(ClaimId claim, Ticks now);
  /// A running claim gives its processors back.
  void stop(ClaimId claim);
  /// Changes when a running claim is believed to end.
  void expect_end(ClaimId claim, Ticks ends);
  /// How long a claim that runs has done useful work in all.
  [[nodiscard]] Ticks attained(ClaimId claim, Ticks now) const;

  /// The windows that are kept. They count by requests, the longest that claims may run.
  [[nodiscard]] const ReservationCalendar& calendar() const { return calendar_; }
  /// The window that the claim would run into if it started now; nullptr when there is none.
  [[nodiscard]] const ReservedWindow* in_the_way_of(ClaimId claim, Ticks now) const {
    const Claim& wanted = records_[claim].claim;
    return calendar_.in_the_way_of(wanted.processors, now, now + wanted.request, capacity_);
  }
  [[nodiscard]] bool is_kept_off(ClaimId claim, Ticks now) const {
    return !calendar_.is_empty() && in_the_way_of(claim, now) != nullptr;
  }
  /// How many processors neither windows nor claims that run now may need at any time of
  /// [start, end). The claims count only where `counts_claims`.
  [[nodiscard]] std::int64_t room_for_window(const AdvanceReservation& kept,
                                             Ticks now,
                                             bool counts_claims) const;
  ReservationId reserve(const AdvanceReservation& kept, Ticks now);
  /// The window begins: its processors are kept from now on.
  void open_window(ReservationId id);
  /// The window is over or withdrawn. Its members that run hold their processors as all others do;
  /// who waits and who runs is handed back.
  ReservedWindow close_window(ReservationId id);
  /// A claim that waits becomes a member of the window that it names.
  void join(ClaimId claim);
  /// A member that waits becomes a claim as all others are.
  void leave(ClaimId claim);
  /// Whether a member may start now: its window is open, holds it for as long as it may run, and
  /// has its processors left.
  [[nodiscard]] bool may_start_inside(ClaimId claim, Ticks now) const;
  void start_inside(ClaimId claim, Ticks now);
  [[nodiscard]] std::size_t members_waiting() const { return members_waiting_; }
  [[nodiscard]] std::size_t members_running() const { return members_running_; }

  /// When `processors` will be free, if all that runs ends when it is believed to.
  [[nodiscard]] Shadow shadow_for(std::int32_t processors) const;

 private:
  [[nodiscard]] RunningEntry running_entry(ClaimId claim) const;
  [[nodiscard]] std::int64_t held_at(Ticks time, Ticks now) const;
  void stop_inside(ClaimId claim);

  std::int64_t capacity_;
  std::int64_t free_;
  std::uint64_t next_number_ = 0;
  std::vector<Record> records_;
  std::vector<ClaimId> unused_;
  RunningList running_;  // without the members of windows
  ReservationCalendar calendar_;
  std::size_t members_waiting_ = 0;
  std::size_t members_running_ = 0;
};

}  // namespace aion::sched
