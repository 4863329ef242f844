// Who runs when on one machine: events in, decisions out.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

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
/// Not thread-safe; no call blocks, fails or throws. A claim number that is not in the books is a
/// bug of the driver.
class Scheduler {
 public:
  /// processors > 0
  Scheduler(const Policy& policy, std::int64_t processors);

  /// A claim has come. One that is larger than the machine waits until the machine grows.
  ClaimId submit(const Claim& claim, Ticks now);

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
  [[nodiscard]] Ticks wake_at() const { return queue_->wake_at(); }

  [[nodiscard]] const Claim& claim(ClaimId claim) const { return books_.at(claim).claim; }
  [[nodiscard]] std::int64_t capacity() const { return books_.capacity(); }
  [[nodiscard]] std::int64_t free() const { return books_.free(); }
  [[nodiscard]] std::size_t waiting() const { return queue_->size(); }
  [[nodiscard]] std::size_t running() const { return books_.running().size(); }

 private:
  [[nodiscard]] Ticks estimate_of(const Claim& claim, Estimates kind) const;
  void correct_estimates(Ticks now);
  [[nodiscard]] Ticks predict_start(ClaimId claim, Ticks now) const;

  Policy policy_;
  Books books_;
  RuntimePredictor predictor_;
  std::unique_ptr<Queue> queue_;
};

}  // namespace aion::sched
