// Who runs when on one machine: events in, decisions out.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "sched/books.h"
#include "sched/policy/policy.h"
#include "sched/queue.h"
#include "sched/runtime_predictor.h"
#include "sched/standing.h"

namespace aion::sched {

/// The scheduler of one machine of identical processors, the same for a simulation and for the real
/// machine. It never reads a clock: the driver tells each event with its time, and then asks for
/// decisions, at once or after several events of one instant.
///
///     scheduler.finish(ended, now);
///     const ClaimId claim = scheduler.submit(wanted, now);
///     scheduler.decide(now, decisions);   // and again at wake_at(), when nothing happens before
///
/// Times never go back. Memory grows with the claims that wait or run, not with those that were.
/// Not thread-safe; no call blocks or throws. A claim number that is not in the books is a bug of
/// the driver.
class Scheduler {
 public:
  /// processors > 0
  Scheduler(const Policy& policy, std::int64_t processors);

  /// A claim has come. One that is larger than the machine waits until the machine grows, and no
  /// other waits for it. One that
  /// names a reservation, as `may_join` allows it, runs inside of it; when that is over, or too
  /// little of it is left for the claim's request, it waits as all others do.
  ClaimId submit(const Claim& claim, Ticks now);

  /// Keeps processors for a time (an advance reservation). No claim starts that may still run by
  /// its request when they are needed; it goes before all that waits. Under a preemptive policy
  /// what stands in the way is stopped when the time has come; under any other, what runs already
  /// is left alone, and there must be room beside it.
  ///
  /// Whole for as long as the driver ends claims at their requests, and the machine does not
  /// shrink.
  ///
  /// fails   InvalidArgument when a field is out of range; ResourceExhausted when other windows, or
  /// claims that run, leave too little, or there are ReservationCalendar::kMost
  Result<ReservationId> reserve(const AdvanceReservation& kept, Ticks now);

  /// Gives a window back. Its members that run go on; those that wait do so as all others.
  ///
  /// fails   NotFound
  Result<void> cancel(ReservationId id, Ticks now);

  /// Whether a claim may be submitted into the reservation that it names.
  ///
  /// fails   NotFound without such a reservation, or when it is over; PermissionDenied when it is
  /// another's; InvalidArgument when the claim is larger or may run longer
  [[nodiscard]] Result<void> may_join(const Claim& claim, Ticks now) const;

  /// A running claim has ended or was stopped for good; or one that waits was withdrawn.
  void finish(ClaimId claim, Ticks now);

  /// The machine has grown or shrunk. What runs is not stopped for it: the driver finishes what it
  /// lost.
  void set_capacity(std::int64_t processors, Ticks now);

  /// Appends what is to start and stop now. The books take it as done.
  void decide(Ticks now, std::vector<Decision>& out);

  /// Why a claim has not started, or when one that runs is believed to end. Slow (milliseconds with
  /// a thousand claims before it): for people who ask, not for each decision. Says what holds after
  /// the last `decide`.
  [[nodiscard]] Standing explain(ClaimId claim, Ticks now) const;

  /// When `decide` is to be called though nothing happens until then; kNever when only events
  /// count.
  [[nodiscard]] Ticks wake_at() const {
    return std::min(queue_->wake_at(), books_.calendar().next_boundary());
  }

  [[nodiscard]] const Claim& claim(ClaimId claim) const { return books_.at(claim).claim; }
  [[nodiscard]] std::int64_t capacity() const { return books_.capacity(); }
  [[nodiscard]] std::int64_t free() const { return books_.free(); }
  [[nodiscard]] std::size_t waiting() const {
    return queue_->size() + too_large_.size() + books_.members_waiting();
  }
  [[nodiscard]] std::size_t running() const {
    return books_.running().size() + books_.members_running();
  }
  /// The reservations that are not over, the first to begin first.
  [[nodiscard]] const std::vector<ReservedWindow>& reservations() const {
    return books_.calendar().windows();
  }

 private:
  [[nodiscard]] Ticks estimate_of(const Claim& claim, Estimates kind) const;
  void correct_estimates(Ticks now);
  void enqueue(ClaimId claim);
  bool forget_too_large(ClaimId claim);
  [[nodiscard]] Ticks predict_start(ClaimId claim, Ticks now) const;
  [[nodiscard]] Ticks predict_start_inside(ClaimId claim, Ticks now) const;
  [[nodiscard]] Standing explain_member(ClaimId claim, Ticks now) const;
  void turn_windows(Ticks now);
  void hand_over(const ReservedWindow& closed, Ticks now);
  void release_late_members(Ticks now);
  void start_members(Ticks now, std::vector<Decision>& out);

  Policy policy_;
  Books books_;
  RuntimePredictor predictor_;
  std::unique_ptr<Queue> queue_;
  std::vector<ClaimId> too_large_;  // larger than the machine; the longest there first
};

}  // namespace aion::sched
