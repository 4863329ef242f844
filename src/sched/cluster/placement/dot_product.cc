// Dot product: the node on which what is wanted and what is free, each as a share of the largest
// node, have the least product: little free of what the member wants much of.
#include "sched/cluster/placement/placement.h"

namespace aion::sched {

Fit dot_product(const NodeView& node,
                const MemberShape& shape,
                GpuSet gpus,
                const PlacementContext& context) {
  constexpr std::int64_t kScale = 100'000;
  const Resources wanted = resources_of(shape);
  const Resources free{{node.free.cpu_milli, node.free.memory_mib, free_gpu_milli(node.free), 0}};
  std::int64_t product = 0;
  for (const ResourceKind kind : {ResourceKind::Cpu, ResourceKind::Memory, ResourceKind::Gpu}) {
    const std::int64_t most = context.largest[kind];
    product += (wanted[kind] * kScale / most) * (free[kind] * kScale / most);
  }
  return {product, usual_gpus(node, shape, gpus)};
}

}  // namespace aion::sched
