// In which order claims that wait are offered the machine.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "sched/policy/claim.h"

namespace aion::sched {

/// What an order may know of a claim beside the claim itself.
struct Progress {
  Ticks estimate = 1;  // > 0: how long it is believed to run in all
  Ticks attained = 0;  // how long it has run already, where it was preempted
};

/// The place of a claim: smaller keys go first, equal keys in the order of submission. A key says
/// nothing of `now`, so it holds for as long as the claim waits, and an index kept by it never has
/// to be sorted again.
///
/// A pure function: no state, no clock; callable from any thread.
using Order = std::int64_t (*)(const Claim& claim, const Progress& progress);

[[nodiscard]] std::int64_t first_come(const Claim& claim, const Progress& progress);
/// Least estimate first (SJF).
[[nodiscard]] std::int64_t shortest_first(const Claim& claim, const Progress& progress);
/// Least estimate times processors first (SAF).
[[nodiscard]] std::int64_t smallest_area(const Claim& claim, const Progress& progress);
/// Least estimate times the square root of the processors first.
[[nodiscard]] std::int64_t short_and_narrow(const Claim& claim, const Progress& progress);
/// By arrival, put back by four times the estimate, but by no more than a day and a half (129,600
/// ticks): short claims overtake long ones, and whatever comes a day and a half after a claim goes
/// behind it, so none starves.
[[nodiscard]] std::int64_t aging_shortest(const Claim& claim, const Progress& progress);
/// Highest priority first; each hour of waiting (3,600 ticks) counts as one step of priority, so
/// none starves.
[[nodiscard]] std::int64_t aging_priority(const Claim& claim, const Progress& progress);
/// Highest priority first, whatever else waits; in order of arrival within one.
[[nodiscard]] std::int64_t strict_priority(const Claim& claim, const Progress& progress);
/// Least estimated area for its weight first (WSPT; Smith 1956), the weight being 1 + max(0,
/// priority).
[[nodiscard]] std::int64_t weighted_shortest(const Claim& claim, const Progress& progress);
/// Earliest deadline first (EDF); claims without one last.
[[nodiscard]] std::int64_t earliest_deadline(const Claim& claim, const Progress& progress);
/// Least remaining time first (SRPT).
[[nodiscard]] std::int64_t shortest_remaining(const Claim& claim, const Progress& progress);
/// Least remaining time times processors first (SRSF).
[[nodiscard]] std::int64_t smallest_remaining_service(const Claim& claim, const Progress& progress);
/// Least attained service (time times processors) first, in levels each eight times as wide, in
/// order of submission within one (2D-LAS; Gu et al., Tiresias, NSDI 2019). Needs no runtimes.
[[nodiscard]] std::int64_t least_attained_service(const Claim& claim, const Progress& progress);

struct NamedOrder {
  std::string_view name;
  Order order;
  std::string_view meaning;
};

/// All orders by name, for command lines and documents.
[[nodiscard]] std::span<const NamedOrder> orders();

/// The order of that name, or InvalidArgument that lists the names there are.
[[nodiscard]] Result<Order> find_order(std::string_view name);

}  // namespace aion::sched
