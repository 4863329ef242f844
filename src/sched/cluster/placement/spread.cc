// Spread: the node on which most is left behind, the GPU on which most is.
#include "sched/cluster/placement/placement.h"

namespace aion::sched {

Fit spread(const NodeView& node,
           const MemberShape& shape,
           GpuSet gpus,
           const PlacementContext& context) {
  const bool is_part = shape.gpus == 1 && shape.gpu_milli < kWholeGpu;
  return {-left_behind(node, shape, context),
          is_part ? emptiest_gpu(node.free, gpus) : usual_gpus(node, shape, gpus)};
}

}  // namespace aion::sched
