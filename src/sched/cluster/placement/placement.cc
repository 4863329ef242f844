// What placement policies have in common.
#include "sched/cluster/placement/placement.h"

namespace aion::sched {

GpuSet fullest_gpu(const NodeState& free, GpuSet gpus) {
  std::int32_t least = kWholeGpu + 1;
  GpuSet best = 0;
  for_each_gpu(gpus, [&](std::size_t gpu) {
    if (free.gpu_milli[gpu] < least) {
      least = free.gpu_milli[gpu];
      best = gpu_bit(gpu);
    }
  });
  return best;
}

GpuSet emptiest_gpu(const NodeState& free, GpuSet gpus) {
  std::int32_t most = -1;
  GpuSet best = 0;
  for_each_gpu(gpus, [&](std::size_t gpu) {
    if (free.gpu_milli[gpu] > most) {
      most = free.gpu_milli[gpu];
      best = gpu_bit(gpu);
    }
  });
  return best;
}

GpuSet usual_gpus(const NodeView& node, const MemberShape& shape, GpuSet gpus) {
  if (shape.gpus == 0) {
    return 0;
  }
  if (shape.gpu_milli == kWholeGpu) {
    return nearest_gpus(node.spec, gpus, static_cast<std::size_t>(shape.gpus));
  }
  if (shape.gpus == 1) {
    return fullest_gpu(node.free, gpus);
  }
  GpuSet taken = 0;
  for (std::int32_t i = 0; i < shape.gpus; ++i) {
    taken |= emptiest_gpu(node.free, gpus & ~taken);
  }
  return taken;
}

std::int64_t free_gpu_milli(const NodeState& free) {
  std::int64_t sum = 0;
  for_each_gpu(free.usable, [&](std::size_t gpu) { sum += free.gpu_milli[gpu]; });
  return sum;
}

std::int64_t left_behind(const NodeView& node,
                         const MemberShape& shape,
                         const PlacementContext& context) {
  constexpr std::int64_t kMillion = 1'000'000;
  const std::int64_t gpu =
      free_gpu_milli(node.free) - static_cast<std::int64_t>(shape.gpus) * shape.gpu_milli;
  return (node.free.cpu_milli - shape.cpu_milli) * kMillion / context.largest[ResourceKind::Cpu] +
         (node.free.memory_mib - shape.memory_mib) * kMillion /
             context.largest[ResourceKind::Memory] +
         gpu * kMillion / context.largest[ResourceKind::Gpu];
}

}  // namespace aion::sched
