#include "sched/policy/deadline_order.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace aion::sched {

namespace {

bool has_deadline(const TimedWork& work) {
  return work.deadline != kNever;
}

/// Of two works with deadlines.
bool is_earlier(const TimedWork& a, const TimedWork& b) {
  return a.deadline != b.deadline ? a.deadline < b.deadline : a.arrival < b.arrival;
}

/// Of two works without.
bool is_before(const TimedWork& a, const TimedWork& b) {
  if (a.criticality != b.criticality) {
    return a.criticality > b.criticality;
  }
  return a.place != b.place ? a.place < b.place : a.arrival < b.arrival;
}

bool is_promised_a_floor(const TimedWork& work) {
  return work.criticality == Criticality::BestEffort ||
         (!has_deadline(work) && work.criticality != Criticality::Safety);
}

/// The first by `before` of those that `takes` takes.
template <class Takes, class Before>
std::optional<std::size_t> least_of(std::span<const TimedWork> works,
                                    const Takes& takes,
                                    const Before& before) {
  std::optional<std::size_t> least;
  for (std::size_t i = 0; i < works.size(); ++i) {
    if (takes(works[i]) && (!least || before(works[i], works[*least]))) {
      least = i;
    }
  }
  return least;
}

/// Of those that `takes` takes, if nothing stands against it.
template <class Takes>
std::optional<std::size_t> first_of(std::span<const TimedWork> works, const Takes& takes) {
  const auto is_untimed = [&](const TimedWork& work) {
    return takes(work) && !has_deadline(work);
  };
  const auto untimed = least_of(works, is_untimed, is_before);
  // Those without a deadline are behind their class and higher ones, and before those below.
  const auto is_timed = [&](const TimedWork& work) {
    return takes(work) && has_deadline(work) &&
           (!untimed || work.criticality >= works[*untimed].criticality);
  };
  const auto timed = least_of(works, is_timed, is_earlier);
  return timed ? timed : untimed;
}

/// Whether a work of `least` or above, in time if it need not wait for `candidate`, is late if it
/// must.
bool makes_late(const TimedWork& candidate,
                std::span<const TimedWork> works,
                Criticality least,
                const TimedRule& rule) {
  std::vector<const TimedWork*> urgent;
  for (const TimedWork& work : works) {
    if (work.criticality >= least) {
      urgent.push_back(&work);
    }
  }
  std::ranges::sort(
      urgent, [](const TimedWork* a, const TimedWork* b) { return a->deadline < b->deadline; });
  constexpr double kMostShare = 0.9;
  const double stretch = 1.0 / (1.0 - std::clamp(rule.safety_share, 0.0, kMostShare));
  Ticks needed = 0;
  for (const TimedWork* const work : urgent) {
    if (!has_deadline(*work)) {
      return true;  // it waits for nobody below it
    }
    needed += work->cost;
    const auto stretched = static_cast<Ticks>(static_cast<double>(needed) * stretch);
    const bool can_be_in_time = rule.now + needed <= work->deadline;
    if (can_be_in_time && rule.now + candidate.blocks + stretched > work->deadline) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::size_t next_in_time(std::span<const TimedWork> works, const TimedRule& rule) {
  const auto first_above = [works](Criticality least) {
    return first_of(works, [least](const TimedWork& work) { return work.criticality >= least; });
  };
  std::size_t next = *first_above(Criticality::BestEffort);
  auto above = Criticality::Normal;
  if (rule.is_floor_owed) {
    next = first_of(works, is_promised_a_floor).value_or(next);
    above = Criticality::Safety;  // the floor is taken from those between
  }
  for (; above <= Criticality::Safety;
       above = static_cast<Criticality>(static_cast<int>(above) + 1)) {
    if (works[next].criticality < above && makes_late(works[next], works, above, rule)) {
      next = *first_above(above);
    }
  }
  return next;
}

}  // namespace aion::sched
