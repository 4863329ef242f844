// Topology: best fit by whole GPUs and their NVLink groups: a node whose group has just enough
// comes first, so that large groups stay whole for those who need them; gangs stay in few racks.
#include <bit>

#include "sched/cluster/placement/placement.h"

namespace aion::sched {
namespace {

/// How many NVLink groups, and then NUMA domains, the GPUs are spread over.
std::int64_t spans(const NodeSpec& spec, GpuSet gpus) {
  std::uint64_t groups = 0;
  std::uint64_t domains = 0;
  for_each_gpu(gpus, [&](std::size_t gpu) {
    groups |= std::uint64_t{1} << (spec.link_group[gpu] & 63);
    domains |= std::uint64_t{1} << (spec.numa_domain[gpu] & 63);
  });
  return 64 * std::popcount(groups) + std::popcount(domains);
}

/// Free whole GPUs of the groups that are broken into and not used up.
std::int64_t left_in_groups(const NodeView& node, GpuSet chosen) {
  std::int64_t left = 0;
  for_each_gpu(node.free.usable & ~chosen, [&](std::size_t gpu) {
    bool is_beside = false;
    for_each_gpu(chosen, [&](std::size_t other) {
      is_beside = is_beside || node.spec.link_group[other] == node.spec.link_group[gpu];
    });
    left += is_beside && node.free.gpu_milli[gpu] == kWholeGpu ? 1 : 0;
  });
  return left;
}

}  // namespace

Fit topology(const NodeView& node,
             const MemberShape& shape,
             GpuSet gpus,
             const PlacementContext& context) {
  const GpuSet chosen = usual_gpus(node, shape, gpus);
  const std::int64_t near = spans(node.spec, chosen) * 64 + left_in_groups(node, chosen);
  return {near * (std::int64_t{1} << 22) + left_behind(node, shape, context), chosen};
}

}  // namespace aion::sched
