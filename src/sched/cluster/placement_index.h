// The best node for each shape of members, kept up to date as nodes change.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "sched/cluster/cluster.h"
#include "sched/cluster/placement/placement.h"

namespace aion::sched {

/// Keeps, for each shape that was asked for lately, the score of every node and the least of them
/// (a tournament tree). A question costs what the nodes cost that changed since the last one of the
/// shape, and log(nodes). Memory: 16 to 32 bytes a node and shape, kMostShapes shapes.
///
/// The cluster outlives it. Not thread-safe.
class PlacementIndex {
 public:
  static constexpr std::size_t kMostShapes = 512;  // those asked for longest ago go first

  PlacementIndex(const Cluster& cluster, const PlacementPolicy& policy);

  /// The best place for one member; nothing when no node has room.
  [[nodiscard]] std::optional<Grant> best(const MemberShape& shape);

  /// The best place among these nodes, which are in order of their numbers; looks at each.
  [[nodiscard]] std::optional<Grant> best_of(const MemberShape& shape,
                                             std::span<const NodeIndex> nodes);

  /// What is typically wanted, for policies that look at it.
  [[nodiscard]] WorkloadMix& mix() { return mix_; }
  [[nodiscard]] const PlacementPolicy& policy() const { return policy_; }

 private:
  struct Table {
    std::vector<std::int64_t> tree;  // leaves from leaves_ on; a parent has the lesser of its two
    std::uint64_t changes = 0;       // of the cluster when it was last brought up to date
    std::uint64_t mix_version = 0;
    std::uint64_t asked = 0;
  };

  [[nodiscard]] Fit fit(const MemberShape& shape, NodeIndex node);
  Table& table_of(const MemberShape& shape);
  void build(const MemberShape& shape, Table& table);
  void mend(const MemberShape& shape, Table& table);
  void set_score(Table& table, NodeIndex node, std::int64_t score) const;

  const Cluster& cluster_;
  PlacementPolicy policy_;
  WorkloadMix mix_;
  WorkloadMix::Masses masses_;
  Resources largest_;
  std::size_t leaves_ = 1;
  std::map<MemberShape, Table> tables_;
  std::vector<std::uint64_t> mended_;  // by node: the last mending that looked at it
  std::uint64_t mendings_ = 0;
  std::uint64_t questions_ = 0;
};

}  // namespace aion::sched
