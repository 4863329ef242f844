#include "sched/cluster/placement_index.h"

#include <algorithm>
#include <bit>

namespace aion::sched {
namespace {

constexpr std::int64_t kNoFit = std::numeric_limits<std::int64_t>::max();

}  // namespace

PlacementIndex::PlacementIndex(const Cluster& cluster, const PlacementPolicy& policy)
    : cluster_(cluster),
      policy_(policy),
      largest_{{1, 1, 1, 1}},
      leaves_(std::bit_ceil(std::max<std::size_t>(cluster.size(), 2))),
      mended_(cluster.size()) {
  for (NodeIndex node = 0; node < cluster.size(); ++node) {
    const NodeSpec& spec = cluster.spec(node);
    const Resources has{{spec.cpu_milli,
                         spec.memory_mib,
                         std::int64_t{spec.gpus} * kWholeGpu,
                         std::int64_t{spec.gpus} * spec.gpu_memory_mib}};
    for (std::size_t kind = 0; kind < kResourceKinds; ++kind) {
      largest_.amounts[kind] = std::max(largest_.amounts[kind], has.amounts[kind]);
    }
  }
}

Fit PlacementIndex::fit(const MemberShape& shape, NodeIndex node) {
  const NodeView view = cluster_.view(node);
  const Eligible room = eligible(view, shape);
  if (room.lack != Lack::None) {
    return {};
  }
  return policy_.score(view, shape, room.gpus, {mix_, largest_, masses_});
}

std::optional<Grant> PlacementIndex::best(const MemberShape& shape) {
  Table& table = table_of(shape);
  mend(shape, table);
  if (table.tree[1] == kNoFit) {
    return std::nullopt;
  }
  std::size_t at = 1;
  while (at < leaves_) {
    at = table.tree[2 * at] == table.tree[at] ? 2 * at : 2 * at + 1;
  }
  const auto node = static_cast<NodeIndex>(at - leaves_);
  return Grant{node, fit(shape, node).gpus};
}

std::optional<Grant> PlacementIndex::best_of(const MemberShape& shape,
                                             std::span<const NodeIndex> nodes) {
  Fit best;
  NodeIndex best_node = 0;
  for (const NodeIndex node : nodes) {
    const Fit here = fit(shape, node);
    if (here.score < best.score) {
      best = here;
      best_node = node;
    }
  }
  return best.is_there() ? std::optional(Grant{best_node, best.gpus}) : std::nullopt;
}

PlacementIndex::Table& PlacementIndex::table_of(const MemberShape& shape) {
  ++questions_;
  const auto known = tables_.find(shape);
  if (known != tables_.end()) {
    known->second.asked = questions_;
    return known->second;
  }
  if (tables_.size() >= kMostShapes) {
    tables_.erase(
        std::min_element(tables_.begin(), tables_.end(), [](const auto& one, const auto& other) {
          return one.second.asked < other.second.asked;
        }));
  }
  Table& table = tables_[shape];
  table.asked = questions_;
  build(shape, table);
  return table;
}

void PlacementIndex::build(const MemberShape& shape, Table& table) {
  table.tree.assign(2 * leaves_, kNoFit);
  for (NodeIndex node = 0; node < cluster_.size(); ++node) {
    // Nodes are bought by the dozen: while they are empty, neighbours are the same.
    const bool is_same = node > 0 && cluster_.free(node) == cluster_.free(node - 1) &&
                         cluster_.spec(node) == cluster_.spec(node - 1);
    table.tree[leaves_ + node] = is_same ? table.tree[leaves_ + node - 1] : fit(shape, node).score;
  }
  for (std::size_t at = leaves_ - 1; at > 0; --at) {
    table.tree[at] = std::min(table.tree[2 * at], table.tree[2 * at + 1]);
  }
  table.changes = cluster_.changes().count();
  table.mix_version = mix_.version();
}

void PlacementIndex::mend(const MemberShape& shape, Table& table) {
  if (table.mix_version != mix_.version() || !cluster_.changes().remembers(table.changes)) {
    build(shape, table);
    return;
  }
  ++mendings_;
  for (; table.changes < cluster_.changes().count(); ++table.changes) {
    const NodeIndex node = cluster_.changes().at(table.changes);
    if (mended_[node] == mendings_) {
      continue;  // it changed more than once, and was scored as it is now
    }
    mended_[node] = mendings_;
    set_score(table, node, fit(shape, node).score);
  }
}

void PlacementIndex::set_score(Table& table, NodeIndex node, std::int64_t score) const {
  std::size_t at = leaves_ + node;
  table.tree[at] = score;
  for (at /= 2; at > 0; at /= 2) {
    const std::int64_t least = std::min(table.tree[2 * at], table.tree[2 * at + 1]);
    if (least == table.tree[at]) {
      return;
    }
    table.tree[at] = least;
  }
}

}  // namespace aion::sched
