#include "sched/policy/order.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/config_table.h"

namespace aion::sched {
namespace {

constexpr Ticks kAgingStep = 3600;

// Service below this counts as none; each further level is eight times as wide. With levels that
// double, claims are stopped so often that the restarts (30 s each) cost more than the finer order
// gains: 289 s of mean completion against 278 s on Philly.
constexpr std::int64_t kFirstLevel = 600;

constexpr std::array kOrders{
    NamedOrder{"fcfs", first_come, "first come, first served"},
    NamedOrder{"sjf", shortest_first, "least estimated time first"},
    NamedOrder{"saf", smallest_area, "least estimated time x processors first"},
    NamedOrder{
        "narrow", short_and_narrow, "least estimated time x square root of processors first"},
    NamedOrder{"sjf-aging",
               aging_shortest,
               "by arrival, put back by four times the estimate, by a day and a half at most"},
    NamedOrder{"priority",
               aging_priority,
               "highest priority first; an hour of waiting counts as one step"},
    NamedOrder{"strict-priority", strict_priority, "highest priority first, whatever else waits"},
    NamedOrder{"wspt", weighted_shortest, "least estimated area for its weight first"},
    NamedOrder{"edf", earliest_deadline, "earliest deadline first"},
    NamedOrder{"srpt", shortest_remaining, "least remaining time first"},
    NamedOrder{"srsf", smallest_remaining_service, "least remaining time x processors first"},
    NamedOrder{
        "las", least_attained_service, "least attained service first, in levels that double"},
};

}  // namespace

std::int64_t first_come(const Claim& claim, const Progress& /*progress*/) {
  return claim.arrival;
}

std::int64_t shortest_first(const Claim& /*claim*/, const Progress& progress) {
  return progress.estimate;
}

std::int64_t smallest_area(const Claim& claim, const Progress& progress) {
  return progress.estimate * claim.processors;
}

std::int64_t short_and_narrow(const Claim& claim, const Progress& progress) {
  return static_cast<std::int64_t>(static_cast<double>(progress.estimate) *
                                   std::sqrt(claim.processors));
}

std::int64_t aging_shortest(const Claim& claim, const Progress& progress) {
  // Chosen among some hundred pairs on five traces: docs/design/default-policy.md.
  constexpr Ticks kPutBack = 4;
  constexpr Ticks kAtMost = 129'600;
  return claim.arrival + std::min(kAtMost, kPutBack * progress.estimate);
}

std::int64_t aging_priority(const Claim& claim, const Progress& /*progress*/) {
  // priority + (now - arrival) / step, largest first; `now` is the same for all and falls out.
  return claim.arrival - claim.priority * kAgingStep;
}

std::int64_t strict_priority(const Claim& claim, const Progress& /*progress*/) {
  constexpr std::int64_t kStep = std::int64_t{1} << 55;  // microseconds: a thousand years
  constexpr std::int32_t kMost = 100;
  return claim.arrival - std::clamp(claim.priority, -kMost, kMost) * kStep;
}

std::int64_t weighted_shortest(const Claim& claim, const Progress& progress) {
  constexpr std::int64_t kScale =
      1000;  // so that areas which differ by less than the weight still differ
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / kScale;
  const std::int64_t weight = std::int64_t{1} + std::max(0, claim.priority);
  return std::min(progress.estimate * claim.processors, kMost) * kScale / weight;
}

std::int64_t earliest_deadline(const Claim& claim, const Progress& /*progress*/) {
  return claim.deadline;
}

std::int64_t shortest_remaining(const Claim& /*claim*/, const Progress& progress) {
  return std::max<Ticks>(0, progress.estimate - progress.attained);
}

std::int64_t smallest_remaining_service(const Claim& claim, const Progress& progress) {
  return std::max<Ticks>(0, progress.estimate - progress.attained) * claim.processors;
}

std::int64_t least_attained_service(const Claim& claim, const Progress& progress) {
  const auto units = static_cast<std::uint64_t>(progress.attained * claim.processors / kFirstLevel);
  return (static_cast<std::int64_t>(std::bit_width(units)) + 2) / 3;
}

std::span<const NamedOrder> orders() {
  return kOrders;
}

Result<Order> find_order(std::string_view name) {
  std::vector<std::string> names;
  for (const NamedOrder& known : kOrders) {
    if (known.name == name) {
      return known.order;
    }
    names.emplace_back(known.name);
  }
  return unknown_word("order", name, names);
}

}  // namespace aion::sched
