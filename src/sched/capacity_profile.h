// How much of the machine is not spoken for, from now on.
#pragma once

#include <cstdint>
#include <vector>

#include "sched/policy/claim.h"

namespace aion::sched {

/// A step function of time, kept as the points at which it changes. Times before the last `forget`
/// do not exist any more. Not thread-safe.
class CapacityProfile {
 public:
  explicit CapacityProfile(std::int64_t capacity);

  /// The first time at or after `from` at which `processors` are free for `duration`. They must be
  /// free at last.
  [[nodiscard]] Ticks earliest(std::int64_t processors, Ticks duration, Ticks from) const;

  /// Whether `processors` are free in all of [from, to).
  [[nodiscard]] bool fits(std::int64_t processors, Ticks from, Ticks to) const;

  /// The same as `earliest` for a claim that holds `processors` from `own` on for `duration`: the
  /// first time in [from, own] to which it could be moved. What it holds itself is no obstacle to
  /// it, so nothing behind `own` needs to be looked at.
  [[nodiscard]] Ticks earlier(std::int64_t processors, Ticks duration, Ticks from, Ticks own) const;

  /// Adds `processors` (negative: takes them) in [from, to).
  void change(Ticks from, Ticks to, std::int64_t processors);

  /// Nobody will ask about times before `now`.
  void forget(Ticks now);

 private:
  struct Step {
    Ticks from;
    std::int64_t free;
  };

  [[nodiscard]] std::size_t step_at(Ticks time) const;
  std::size_t cut(Ticks time);
  void merge();

  std::vector<Step> steps_;  // the last goes on for ever
  std::size_t first_ = 0;    // those before it are forgotten
  std::size_t merge_at_ = 64;
};

}  // namespace aion::sched
