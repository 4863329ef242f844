// Best fit: the node on which least is left behind, over all kinds; the GPU on which least is.
#include "sched/cluster/placement/placement.h"

namespace aion::sched {

Fit best_fit(const NodeView& node,
             const MemberShape& shape,
             GpuSet gpus,
             const PlacementContext& context) {
  return {left_behind(node, shape, context), usual_gpus(node, shape, gpus)};
}

}  // namespace aion::sched
