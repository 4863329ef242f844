// What a scheduler is asked for: processors at once, for a time.
#pragma once

#include <cstdint>
#include <limits>

namespace aion::sched {

/// Time as the driver counts it, since its own zero: whole seconds in a simulation, milliseconds
/// live. The scheduler never reads a clock; every time is handed to it.
using Ticks = std::int64_t;
inline constexpr Ticks kNever = std::numeric_limits<Ticks>::max();

/// Processors that are kept for a time, by the scheduler's own number; never used again.
using ReservationId = std::uint32_t;

/// What somebody wants of the machine. Nothing of it changes while it waits or runs.
struct Claim {
  std::uint64_t id = 0;  // the driver's own name for it, handed back with each decision
  Ticks arrival = 0;
  Ticks request = 1;            // > 0: the longest it may run, as its user said
  Ticks runtime = 0;            // what it will really take, where a trace tells; 0 = nobody knows
  std::int32_t processors = 1;  // > 0, all held from start to end
  std::int32_t user = -1;       // for what is learned of a user's claims; -1 = not told
  std::int32_t name = -1;       // what program it is; -1 = not told
  std::int32_t priority = 0;    // larger first, where the order looks at it
  Ticks deadline = kNever;
  bool is_best_effort = false;    // misses its deadline without harm
  ReservationId reservation = 0;  // runs inside this one (Scheduler::reserve); 0 = in none
};

/// A claim that was submitted, by the scheduler's own number; reused once the claim has gone.
using ClaimId = std::uint32_t;

}  // namespace aion::sched
