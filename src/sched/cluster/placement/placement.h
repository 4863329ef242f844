// What makes one placement policy different from another: how it scores a node for a member.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

#include "sched/cluster/node.h"
#include "sched/cluster/workload_mix.h"

namespace aion::sched {

/// What a policy may look at besides the node. `masses` is room to work in, so that scoring
/// allocates nothing.
struct PlacementContext {
  const WorkloadMix& mix;
  Resources largest;  // of each kind the most that one node has; at least 1
  WorkloadMix::Masses& masses;
};

/// How good a node is for a member, the least score best, and which of its GPUs the member would
/// have. Among equal scores the node of the lowest number is taken.
struct Fit {
  std::int64_t score = std::numeric_limits<std::int64_t>::max();  // this one = it does not fit
  GpuSet gpus = 0;

  [[nodiscard]] bool is_there() const { return score != std::numeric_limits<std::int64_t>::max(); }
};

/// Scores a node that has room for the member, by what is on the node alone: scores are kept until
/// the node changes. `gpus` are those of which the member could have its part.
using ScoreFunction = Fit (*)(const NodeView& node,
                              const MemberShape& shape,
                              GpuSet gpus,
                              const PlacementContext& context);

struct PlacementPolicy {
  std::string_view name;
  std::string_view meaning;
  ScoreFunction score;
  bool gathers_gangs = false;  // a gang without a wish of its own is kept in as few racks as can be
};

Fit first_fit(const NodeView&, const MemberShape&, GpuSet, const PlacementContext&);
Fit best_fit(const NodeView&, const MemberShape&, GpuSet, const PlacementContext&);
Fit packing(const NodeView&, const MemberShape&, GpuSet, const PlacementContext&);
Fit dot_product(const NodeView&, const MemberShape&, GpuSet, const PlacementContext&);
Fit spread(const NodeView&, const MemberShape&, GpuSet, const PlacementContext&);
Fit fragmentation_gradient(const NodeView&, const MemberShape&, GpuSet, const PlacementContext&);
Fit topology(const NodeView&, const MemberShape&, GpuSet, const PlacementContext&);

/// The member's GPUs where it is the same to the policy: whole ones as near to each other as can
/// be; parts of several where most is left, so that no later member of the gang finds its parts on
/// one GPU; a part of one where least is left.
[[nodiscard]] GpuSet usual_gpus(const NodeView& node, const MemberShape& shape, GpuSet gpus);

/// One of the GPUs: the fullest, or the emptiest; the lowest number among equals.
[[nodiscard]] GpuSet fullest_gpu(const NodeState& free, GpuSet gpus);
[[nodiscard]] GpuSet emptiest_gpu(const NodeState& free, GpuSet gpus);

/// Thousandths of GPUs that are free on the node.
[[nodiscard]] std::int64_t free_gpu_milli(const NodeState& free);

/// What is left of the node behind the member, each kind as a share of the largest node, in
/// millionths, added up.
[[nodiscard]] std::int64_t left_behind(const NodeView& node,
                                       const MemberShape& shape,
                                       const PlacementContext& context);

}  // namespace aion::sched
