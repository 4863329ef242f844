// The plain rules of a small cluster, written a second time: what tests hold the plan against.
#pragma once

#include <vector>

#include "sched/cluster/cluster.h"
#include "sched/cluster/gang.h"

namespace aion::sched::testing {

/// Free amounts of a node.
struct PlainNode {
  std::int64_t cpu;
  std::int64_t memory;
  std::vector<std::int32_t> gpus;  // thousandths
  std::int32_t rack;
};

using PlainCluster = std::vector<PlainNode>;

PlainCluster plain(const Cluster& cluster);

/// Whether the least members of the gang have places together, in one rack when it requires that.
/// Tries every place.
bool fits(const PlainCluster& cluster, const Gang& gang);

void take(PlainCluster& cluster, const Grant& grant, const MemberShape& shape, std::int32_t sign);

}  // namespace aion::sched::testing
