// Finds places for the members of a gang together, near each other where that is wanted.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "sched/cluster/cluster.h"
#include "sched/cluster/gang.h"
#include "sched/cluster/placement_index.h"

namespace aion::sched {

/// Places gangs by a policy, member after member. For members that are all alike it finds places
/// whenever there are any; for others it is a heuristic, the largest first.
///
/// Cluster and index outlive it. Not thread-safe.
class GangPlacer {
 public:
  GangPlacer(Cluster& cluster, PlacementIndex& index);

  /// Takes, in the transaction, places for the gang's first members: as many as there is room for,
  /// at least `least_members()` and at most `most`. One grant for each, in order of the members;
  /// empty, and nothing is taken, when there is no room for the least.
  [[nodiscard]] std::vector<Grant> place(const Gang& gang, std::size_t most, Transaction& taken);

  /// The groups of nodes in which the members must stay together: one group of all nodes where the
  /// gang does not require anything.
  [[nodiscard]] const std::vector<std::vector<NodeIndex>>& domains(Nearness nearness) const {
    return domains_[static_cast<std::size_t>(nearness)];
  }

 private:
  using Places = std::vector<Grant>;

  /// Adds places for members until there are `most`, and says whether there are; leaves what it
  /// found. No nodes means all of them.
  bool fill(const Gang& gang,
            std::size_t most,
            const std::vector<NodeIndex>* nodes,
            Places& places,
            Transaction& taken);
  Places place_alike(const Gang& gang, std::size_t most, Nearness nearness, Transaction& taken);
  Places place_in_one(const Gang& gang, Nearness nearness, Transaction& taken);
  Places place_mixed(const Gang& gang, Nearness nearness, Transaction& taken);

  Cluster& cluster_;
  PlacementIndex& index_;
  std::vector<std::vector<std::vector<NodeIndex>>> domains_;  // by Nearness
};

}  // namespace aion::sched
