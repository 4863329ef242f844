#include "sched/cluster/stop_cost.h"

#include <algorithm>

namespace aion::sched {

namespace {

/// So that the costs of 32,000 victims add up without an overflow, this stands for all that is
/// more.
constexpr std::int64_t kMost = std::int64_t{1} << 48U;

std::int64_t cost_of(Ticks time, std::int64_t weight) {
  std::int64_t cost = 0;
  return __builtin_mul_overflow(time, weight, &cost) ? kMost : std::min(cost, kMost);
}

}  // namespace

StopTerms cheapest_stop(const HeldGang& held, Ticks now, bool may_suspend) {
  constexpr std::int64_t kCoresPerGpu = 100;
  const Gang& gang = held.gang;
  const Resources size = resources_of(gang, held.grants.size());
  const std::int64_t weight =
      std::max<std::int64_t>(size[ResourceKind::Gpu] + size[ResourceKind::Cpu] / kCoresPerGpu, 1);
  if (held.state == GangState::Suspended) {
    return {StopWay::Kill, cost_of(held.unsaved + gang.restart_cost, weight)};
  }
  StopTerms best{StopWay::Kill, cost_of(now - held.saved_at + gang.restart_cost, weight)};
  const std::int64_t saved = cost_of(gang.grace + gang.restart_cost, weight);
  if (gang.may_checkpoint && saved < best.cost) {
    best = {StopWay::Checkpoint, saved};
  }
  if (gang.may_suspend && may_suspend && weight < best.cost) {
    best = {StopWay::Suspend, weight};
  }
  return best;
}

}  // namespace aion::sched
