// Who gets a device next where some of those who wait have deadlines, or matter more than others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/request_context.h"
#include "sched/policy/claim.h"

namespace aion::sched {

/// Work that waits for a device which runs one after the other. Times are ticks from any origin.
struct TimedWork {
  Criticality criticality = Criticality::Normal;
  Ticks deadline = kNever;    // of its end; kNever = it has none
  Ticks cost = 1;             // what it takes to its end, and rarely exceeds
  Ticks blocks = 1;           // for how long it cannot be stopped once it has begun; at most `cost`
  std::int64_t place = 0;     // among works without a deadline; smaller goes first
  std::uint64_t arrival = 0;  // unique; smaller came earlier
};

struct TimedRule {
  Ticks now = 0;
  /// Of the device's time, what work of each class has taken of late, 0 to 1.
  double safety_share = 0;
  /// Work below Safety without a deadline, or of BestEffort, has had less than it is promised.
  bool is_floor_owed = false;
};

/// The position of the work that goes next; `works` is not empty.
///
/// Earliest deadline first over all classes, works without a deadline behind those of their class
/// or a higher one; but nothing goes that would make a work of a higher class late which would be
/// in time without it. For what is yet to come, the time that a class is believed to need is
/// stretched by the share that safety work takes of late.
///
/// A pure function: no clock, no state.
[[nodiscard]] std::size_t next_in_time(std::span<const TimedWork> works, const TimedRule& rule);

}  // namespace aion::sched
