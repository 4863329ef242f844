#include "sched/cluster/stop_cost.h"

#include <algorithm>

namespace aion::sched {

StopTerms cheapest_stop(const HeldGang& held, Ticks now, bool may_suspend) {
  constexpr std::int64_t kCoresPerGpu = 100;
  const Gang& gang = held.gang;
  const Resources size = resources_of(gang, held.grants.size());
  const std::int64_t weight =
      std::max<std::int64_t>(size[ResourceKind::Gpu] + size[ResourceKind::Cpu] / kCoresPerGpu, 1);
  if (held.state == GangState::Suspended) {
    return {StopWay::Kill, (held.unsaved + gang.restart_cost) * weight};
  }
  StopTerms best{StopWay::Kill, (now - held.saved_at + gang.restart_cost) * weight};
  const std::int64_t saved = (gang.grace + gang.restart_cost) * weight;
  if (gang.may_checkpoint && saved < best.cost) {
    best = {StopWay::Checkpoint, saved};
  }
  if (gang.may_suspend && may_suspend && weight < best.cost) {
    best = {StopWay::Suspend, weight};
  }
  return best;
}

}  // namespace aion::sched
