#include "tests/sched/cluster/reference.h"

#include <algorithm>
#include <bit>
#include <iterator>

namespace aion::sched::testing {

PlainCluster plain(const Cluster& cluster) {
  PlainCluster nodes;
  for (NodeIndex node = 0; node < cluster.size(); ++node) {
    const NodeSpec& spec = cluster.spec(node);
    nodes.push_back({spec.cpu_milli,
                     spec.memory_mib,
                     std::vector<std::int32_t>(static_cast<std::size_t>(spec.gpus), kWholeGpu),
                     spec.rack});
  }
  return nodes;
}

void take(PlainCluster& cluster, const Grant& grant, const MemberShape& shape, std::int32_t sign) {
  PlainNode& node = cluster[grant.node];
  node.cpu -= sign * shape.cpu_milli;
  node.memory -= sign * shape.memory_mib;
  for (std::size_t gpu = 0; gpu < node.gpus.size(); ++gpu) {
    node.gpus[gpu] -= (grant.gpus >> gpu & 1) != 0 ? sign * shape.gpu_milli : 0;
  }
}

namespace {

bool has_room(const PlainNode& node, GpuSet gpus, const MemberShape& shape) {
  if (std::popcount(gpus) != shape.gpus || node.cpu < shape.cpu_milli ||
      node.memory < shape.memory_mib) {
    return false;
  }
  for (std::size_t gpu = 0; gpu < node.gpus.size(); ++gpu) {
    if ((gpus >> gpu & 1) != 0 && node.gpus[gpu] < shape.gpu_milli) {
      return false;
    }
  }
  return true;
}

bool fits_from(PlainCluster& cluster, const Gang& gang, std::size_t member);

/// Whether the member has a place on the node beside which the members behind it have theirs.
bool fits_on(PlainCluster& cluster, NodeIndex node, const Gang& gang, std::size_t member) {
  const MemberShape& shape = gang.members[member];
  bool is_placed = false;
  const GpuSet sets = GpuSet{1} << cluster[node].gpus.size();
  for (GpuSet gpus = 0; gpus < sets && !is_placed; ++gpus) {
    if (has_room(cluster[node], gpus, shape)) {
      take(cluster, {node, gpus}, shape, 1);
      is_placed = fits_from(cluster, gang, member + 1);
      take(cluster, {node, gpus}, shape, -1);
    }
  }
  return is_placed;
}

bool fits_from(PlainCluster& cluster, const Gang& gang, std::size_t member) {
  bool is_placed = member == gang.least_members();
  for (NodeIndex node = 0; node < cluster.size() && !is_placed; ++node) {
    is_placed = fits_on(cluster, node, gang, member);
  }
  return is_placed;
}

PlainCluster rack_of(const PlainCluster& cluster, std::int32_t rack) {
  PlainCluster part;
  std::copy_if(
      cluster.begin(), cluster.end(), std::back_inserter(part), [&](const PlainNode& node) {
        return node.rack == rack;
      });
  return part;
}

}  // namespace

bool fits(const PlainCluster& cluster, const Gang& gang) {
  const bool is_bound = gang.is_nearness_required && gang.nearness == Nearness::Rack;
  if (!is_bound || gang.members.size() == 1) {
    PlainCluster all = cluster;
    return fits_from(all, gang, 0);
  }
  return std::any_of(cluster.begin(), cluster.end(), [&](const PlainNode& node) {
    PlainCluster part = rack_of(cluster, node.rack);
    return fits_from(part, gang, 0);
  });
}

}  // namespace aion::sched::testing
