#include "sched/policies.h"

#include <array>
#include <string>
#include <vector>

#include "base/config_table.h"

namespace aion::sched {
namespace {

using enum Discipline;
using enum Estimates;

constexpr Policy strict(Order order, Estimates estimates) {
  return {.discipline = Strict,
          .order = order,
          .backfill = order,
          .ranking = estimates,
          .estimates = estimates};
}

constexpr Policy greedy(Order order, Estimates estimates) {
  return {.discipline = Greedy,
          .order = order,
          .backfill = order,
          .ranking = estimates,
          .estimates = estimates};
}

constexpr Policy easy(Order backfill, Estimates estimates) {
  return {.discipline = Easy,
          .order = first_come,
          .backfill = backfill,
          .ranking = estimates,
          .estimates = estimates};
}

/// What a restart costs depends on the claims; 30 s is what the traces of training jobs were
/// measured with.
constexpr Policy preemptive(Order order, Estimates estimates) {
  return {.discipline = Preemptive,
          .order = order,
          .backfill = order,
          .ranking = estimates,
          .estimates = estimates,
          .restart_cost = 30};
}

constexpr std::array kPolicies{
    NamedPolicy{
        "default",
        "EASY in the order sjf-aging, by requests that are tempered by what users use of theirs",
        {.discipline = Easy,
         .order = aging_shortest,
         .backfill = short_and_narrow,
         .ranking = Tempered}},
    NamedPolicy{"fcfs", "first come, first served; the head blocks", strict(first_come, Requested)},
    NamedPolicy{
        "sjf-req", "shortest request first; the head blocks", strict(shortest_first, Requested)},
    NamedPolicy{"sjf-act",
                "shortest job first, clairvoyant; the head blocks",
                strict(shortest_first, Actual)},
    NamedPolicy{
        "sjfg-req", "shortest request first, whatever fits", greedy(shortest_first, Requested)},
    NamedPolicy{"sjfg-act",
                "shortest job first, clairvoyant, whatever fits",
                greedy(shortest_first, Actual)},
    NamedPolicy{"saf-req",
                "smallest requested area first; the head blocks",
                strict(smallest_area, Requested)},
    NamedPolicy{"saf-act",
                "smallest area first, clairvoyant; the head blocks",
                strict(smallest_area, Actual)},
    NamedPolicy{"safg-req",
                "smallest requested area first, whatever fits",
                greedy(smallest_area, Requested)},
    NamedPolicy{"safg-act",
                "smallest area first, clairvoyant, whatever fits",
                greedy(smallest_area, Actual)},
    NamedPolicy{"easy", "EASY backfilling by requests", easy(first_come, Requested)},
    NamedPolicy{
        "easy-sjbf", "EASY, shortest request backfilled first", easy(shortest_first, Requested)},
    NamedPolicy{"easy-perfect", "EASY, clairvoyant", easy(first_come, Actual)},
    NamedPolicy{"easy-sjbf-perfect",
                "EASY, clairvoyant, shortest backfilled first",
                easy(shortest_first, Actual)},
    NamedPolicy{
        "easy-pred",
        "EASY++: by predictions from the user's last two runtimes, shortest backfilled first",
        easy(shortest_first, Predicted)},
    NamedPolicy{"cons", "conservative backfilling with compression", {.discipline = Conservative}},
    NamedPolicy{"priority",
                "EASY, highest priority first; an hour of waiting counts as one step of it",
                {.discipline = Easy, .order = aging_priority, .backfill = aging_priority}},
    NamedPolicy{"wspt",
                "EASY, least requested area for its weight first",
                {.discipline = Easy, .order = weighted_shortest, .backfill = weighted_shortest}},
    NamedPolicy{
        "fair-share",
        "EASY, the user first who has used the least of late (half of it forgotten in 7 days)",
        {.discipline = Shares, .half_life = 7 * 86'400}},
    NamedPolicy{"drf",
                "EASY, the user first who holds the least (dominant resource fairness)",
                {.discipline = Shares}},
    NamedPolicy{"edf",
                "preemptive, earliest deadline first; claims without one may starve",
                preemptive(earliest_deadline, Requested)},
    NamedPolicy{"srpt",
                "preemptive, shortest remaining time first, clairvoyant",
                preemptive(shortest_remaining, Actual)},
    NamedPolicy{"srsf",
                "preemptive, smallest remaining time x processors first, clairvoyant",
                preemptive(smallest_remaining_service, Actual)},
    NamedPolicy{"las",
                "preemptive, least attained service first (2D-LAS); needs no runtimes",
                preemptive(least_attained_service, Requested)},
    NamedPolicy{"srpt-gang",
                "preemptive shortest remaining time first, clairvoyant, at no cost: an ideal to "
                "measure against",
                {.discipline = Preemptive,
                 .order = shortest_remaining,
                 .ranking = Actual,
                 .estimates = Actual}},
};

}  // namespace

std::span<const NamedPolicy> policies() {
  return kPolicies;
}

Result<Policy> find_policy(std::string_view name) {
  std::vector<std::string> names;
  for (const NamedPolicy& known : kPolicies) {
    if (known.name == name) {
      return known.policy;
    }
    names.emplace_back(known.name);
  }
  return unknown_word("policy", name, names);
}

}  // namespace aion::sched
