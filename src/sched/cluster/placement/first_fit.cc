// First fit: the first node with room, the lowest GPU with room.
#include "sched/cluster/placement/placement.h"

namespace aion::sched {

Fit first_fit(const NodeView& node,
              const MemberShape& shape,
              GpuSet gpus,
              const PlacementContext& /*context*/) {
  const bool is_part = shape.gpus == 1 && shape.gpu_milli < kWholeGpu;
  return {0, is_part ? gpus & (~gpus + 1) : usual_gpus(node, shape, gpus)};
}

}  // namespace aion::sched
