// Short ways to write nodes and claims down in tests.
#pragma once

#include <ostream>
#include <vector>

#include "sched/cluster/cluster.h"
#include "sched/cluster/gang.h"
#include "sched/cluster/placement/placement.h"

namespace aion::sched {

inline std::ostream& operator<<(std::ostream& out, const PlacementPolicy& policy) {
  return out << policy.name;
}

}  // namespace aion::sched

namespace aion::sched::testing {

/// 64 cores, 512 GiB, GPUs of 80 GiB.
inline NodeSpec node_of(std::int32_t gpus, std::int32_t rack = 0, std::int32_t model = 0) {
  NodeSpec spec;
  spec.cpu_milli = 64'000;
  spec.memory_mib = 524'288;
  spec.gpus = gpus;
  spec.gpu_memory_mib = gpus > 0 ? 81'920 : 0;
  spec.gpu_model = gpus > 0 ? model : -1;
  spec.rack = rack;
  return spec;
}

inline MemberShape whole(std::int32_t gpus, std::int64_t cpu_milli = 1000) {
  MemberShape shape;
  shape.cpu_milli = cpu_milli;
  shape.memory_mib = 1024;
  shape.gpus = gpus;
  return shape;
}

inline MemberShape part(std::int32_t gpu_milli) {
  MemberShape shape = whole(1);
  shape.gpu_milli = gpu_milli;
  return shape;
}

inline Gang gang_of(const MemberShape& shape, std::size_t members = 1, std::int32_t priority = 0) {
  Gang gang;
  gang.members.assign(members, shape);
  gang.priority = priority;
  return gang;
}

inline Cluster cluster_of(std::vector<NodeSpec> nodes) {
  return *Cluster::create(std::move(nodes));
}

}  // namespace aion::sched::testing
