// Fragmentation gradient descent: where the expected fragment of the node, over the typical
// workload, grows least.
//
// source   Weng et al., Beware of Fragmentation, USENIX ATC 2023, algorithm 1. Among equal growth
//          the node with least left behind, which the paper leaves open.
#include <algorithm>

#include "sched/cluster/placement/placement.h"

namespace aion::sched {
namespace {

/// The part of one GPU that leaves the least fragment; GPUs with the same room are tried once.
Fit best_part(const NodeView& node,
              const MemberShape& shape,
              GpuSet gpus,
              const PlacementContext& context) {
  NodeState after = node.free;
  after.cpu_milli -= shape.cpu_milli;
  after.memory_mib -= shape.memory_mib;
  context.mix.weigh(node.spec, after, context.masses);
  Fit best;
  std::array<std::int32_t, kMostGpus> tried{};
  std::size_t tries = 0;
  for_each_gpu(gpus, [&](std::size_t gpu) {
    const std::int32_t room = node.free.gpu_milli[gpu];
    const auto last = tried.begin() + static_cast<std::ptrdiff_t>(tries);
    if (std::find(tried.begin(), last, room) != last && shape.gpu_memory_mib == 0) {
      return;
    }
    tried[tries++] = room;
    after.gpu_milli[gpu] -= shape.gpu_milli;
    after.gpu_memory_mib[gpu] -= shape.gpu_memory_mib;
    const std::int64_t fragment = context.mix.fragment(after, context.masses);
    after.gpu_milli[gpu] += shape.gpu_milli;
    after.gpu_memory_mib[gpu] += shape.gpu_memory_mib;
    if (fragment < best.score) {
      best = {fragment, gpu_bit(gpu)};
    }
  });
  return best;
}

}  // namespace

Fit fragmentation_gradient(const NodeView& node,
                           const MemberShape& shape,
                           GpuSet gpus,
                           const PlacementContext& context) {
  Fit fit;
  if (shape.gpus == 1 && shape.gpu_milli < kWholeGpu) {
    fit = best_part(node, shape, gpus, context);
  } else {
    NodeState after = node.free;
    fit.gpus = usual_gpus(node, shape, gpus);
    take(after, fit.gpus, shape);
    context.mix.weigh(node.spec, after, context.masses);
    fit.score = context.mix.fragment(after, context.masses);
  }
  context.mix.weigh(node.spec, node.free, context.masses);
  const std::int64_t growth = fit.score - context.mix.fragment(node.free, context.masses);
  // left_behind is below 3 * 2^20; a growth of 2^41, at most 16 GPUs times 10^8 members seen, fits.
  fit.score = growth * (std::int64_t{1} << 22) + left_behind(node, shape, context);
  return fit;
}

}  // namespace aion::sched
