// The nodes of a cluster, what is free on each, and what is lost.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "sched/cluster/node.h"
#include "sched/cluster/node_log.h"

namespace aion::sched {

/// What a cluster has, and what is free of it. It takes and gives what it is told, and holds that
/// nothing is taken twice (a broken book ends the process).
///
/// Not thread-safe; no clock; nothing blocks or throws. An index of a node or GPU that is not there
/// is a bug of the caller.
class Cluster {
 public:
  /// InvalidArgument names the node, the field, what was expected and what came.
  [[nodiscard]] static Result<Cluster> create(std::vector<NodeSpec> nodes);

  [[nodiscard]] std::size_t size() const { return specs_.size(); }
  [[nodiscard]] const NodeSpec& spec(NodeIndex node) const { return specs_[node]; }
  [[nodiscard]] const NodeState& free(NodeIndex node) const { return states_[node]; }
  [[nodiscard]] NodeView view(NodeIndex node) const { return {specs_[node], states_[node]}; }

  /// Whether the very devices of the grant have room for the member.
  [[nodiscard]] bool has_room(const Grant& grant, const MemberShape& shape) const;

  void take(const Grant& grant, const MemberShape& shape);
  void give(const Grant& grant, const MemberShape& shape);

  /// A node or GPU goes, or comes back. What members hold there stays in the books until it is
  /// given back.
  void set_up(NodeIndex node, bool is_up);
  void set_gpu_usable(NodeIndex node, std::size_t gpu, bool is_usable);

  /// Every change of a node.
  [[nodiscard]] const NodeLog& changes() const { return changes_; }

  /// All that was installed, lost or not; and all that is free and usable.
  [[nodiscard]] const Resources& installed() const { return installed_; }
  [[nodiscard]] Resources usable() const;

 private:
  explicit Cluster(std::vector<NodeSpec> nodes);

  std::vector<NodeSpec> specs_;
  std::vector<NodeState> states_;
  Resources installed_;
  NodeLog changes_;
};

/// Changes of a cluster that are undone, exactly and in reverse, unless they are kept.
class Transaction {
 public:
  explicit Transaction(Cluster& cluster) : cluster_(cluster) {}
  ~Transaction() { undo_to(0); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void take(const Grant& grant, const MemberShape& shape);
  void give(const Grant& grant, const MemberShape& shape);

  /// How much was done so far; a later `undo_to` of it takes back what came after.
  [[nodiscard]] std::size_t mark() const { return steps_.size(); }
  void undo_to(std::size_t mark);
  void keep() { steps_.clear(); }

 private:
  struct Step {
    Grant grant;
    MemberShape shape;
    bool was_taken;
  };

  Cluster& cluster_;
  std::vector<Step> steps_;
};

}  // namespace aion::sched
