// Packing: GPUs that others use already first, then free ones of nodes that are used, then nodes
// that are not; within each the node whose GPUs are most allocated.
#include "sched/cluster/placement/placement.h"

namespace aion::sched {

Fit packing(const NodeView& node,
            const MemberShape& shape,
            GpuSet gpus,
            const PlacementContext& context) {
  constexpr std::int64_t kStep = std::int64_t{1} << 40;
  const GpuSet chosen = usual_gpus(node, shape, gpus);
  GpuSet untouched = 0;
  for_each_gpu(chosen, [&](std::size_t gpu) {
    untouched |= node.free.gpu_milli[gpu] == kWholeGpu ? gpu_bit(gpu) : 0;
  });
  const std::int64_t free_gpus = free_gpu_milli(node.free);
  const bool is_unused = free_gpus == std::int64_t{kWholeGpu} * node.spec.gpus &&
                         node.free.cpu_milli == node.spec.cpu_milli;
  const std::int64_t rank = is_unused ? 2 : (untouched != 0 ? 1 : 0);
  // What is left: GPUs first, the other kinds between nodes that are equal in them.
  return {rank * kStep + free_gpus * 10'000'000 + left_behind(node, shape, context), chosen};
}

}  // namespace aion::sched
