// The typical workload: which members are wanted how often, and how much of a node's free GPUs they
// could not use.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "sched/cluster/node.h"

namespace aion::sched {

/// Counts of shapes. Shapes without a GPU are not counted: to them every free GPU is of no use,
/// whatever is placed where, so they decide nothing.
///
/// source   Weng et al., Beware of Fragmentation, USENIX ATC 2023, section 4: the fragment of a
///          node for one task is all of its free GPUs when the task cannot run there, else those of
///          its free parts that are too small for the task. Here a lack of memory counts, too.
class WorkloadMix {
 public:
  /// What a node offers to each class of shapes besides GPUs: how many of the class's members have
  /// CPU, memory and model enough there.
  using Masses = std::vector<std::int64_t>;

  /// The members are seen `count` times more. Scores change with it: who keeps some compares
  /// `version()`.
  void add(const MemberShape& shape, std::int64_t count);

  /// Adds to what is seen, but lets scores be as they are until what was seen has grown by an
  /// eighth: scores that are kept then live long enough to be of use.
  void observe(const MemberShape& shape);

  [[nodiscard]] std::uint64_t version() const { return version_; }
  [[nodiscard]] std::int64_t total() const { return total_; }

  /// Fills `masses` for a node with that much of CPU and memory free.
  void weigh(const NodeSpec& spec, const NodeState& free, Masses& masses) const;

  /// The expected fragment of a node with the masses: thousandths of GPUs, times `total()`.
  [[nodiscard]] std::int64_t fragment(const NodeState& free, const Masses& masses) const;

 private:
  struct Entry {
    std::int64_t cpu_milli;
    std::int64_t memory_mib;
    std::int64_t count;
  };
  /// All shapes that want the same of the GPUs.
  struct Class {
    std::int32_t gpus;
    std::int32_t gpu_milli;
    std::int32_t gpu_memory_mib;
    std::uint64_t gpu_models;
    std::int64_t total = 0;
    std::vector<Entry> entries;  // by CPU
  };
  static std::int64_t fitting(const std::vector<Entry>& entries, const NodeState& free);
  void publish(const MemberShape& shape, std::int64_t count);

  std::vector<Class> classes_;
  std::map<MemberShape, std::int64_t> unpublished_;
  std::int64_t unpublished_count_ = 0;
  std::int64_t total_ = 0;
  std::uint64_t version_ = 0;
};

}  // namespace aion::sched
