// A node of the cluster, what is free on it, and what a member of a claim wants of one.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>

#include "sched/share/resources.h"

namespace aion::sched {

inline constexpr std::int32_t kWholeGpu = 1000;    // thousandths
inline constexpr std::size_t kMostGpus = 16;       // of one node
inline constexpr std::size_t kMostGpuModels = 64;  // of one cluster
inline constexpr std::uint64_t kAnyModel = ~std::uint64_t{0};

using NodeIndex = std::uint32_t;
using GpuSet = std::uint32_t;  // bit i = GPU i of the node

[[nodiscard]] constexpr GpuSet gpu_bit(std::size_t gpu) {
  return GpuSet{1} << gpu;
}

/// Calls `visit(gpu)` for each GPU of the set, lowest first.
template <class Visit>
void for_each_gpu(GpuSet gpus, Visit visit) {
  for (; gpus != 0; gpus &= gpus - 1) {
    visit(static_cast<std::size_t>(std::countr_zero(gpus)));
  }
}

/// A node as it was installed; nothing of it changes.
struct NodeSpec {
  std::int64_t cpu_milli = 0;
  std::int64_t memory_mib = 0;
  std::int32_t gpus = 0;                             // at most kMostGpus, all of one model
  std::int32_t gpu_memory_mib = 0;                   // of each
  std::int32_t gpu_model = -1;                       // below kMostGpuModels; -1 = it has no GPU
  std::int32_t rack = 0;                             // label; nodes of one rack are near each other
  std::int32_t zone = 0;                             // label; racks of one zone are
  std::array<std::uint8_t, kMostGpus> link_group{};  // GPUs of one number are joined by NVLink
  std::array<std::uint8_t, kMostGpus> numa_domain{};  // GPUs of one number hang on one socket

  bool operator==(const NodeSpec&) const = default;

  [[nodiscard]] GpuSet all_gpus() const { return (GpuSet{1} << gpus) - 1; }
};

/// What is not held on a node. What is lost is not usable, though nobody may hold it.
struct NodeState {
  std::int64_t cpu_milli = 0;
  std::int64_t memory_mib = 0;
  std::array<std::int32_t, kMostGpus> gpu_milli{};
  std::array<std::int32_t, kMostGpus> gpu_memory_mib{};
  GpuSet usable = 0;  // the GPUs that are there
  bool is_up = true;

  bool operator==(const NodeState&) const = default;
};

/// What one member of a claim wants, all of it on one node.
struct MemberShape {
  std::int64_t cpu_milli = 0;
  std::int64_t memory_mib = 0;
  std::int32_t gpus = 0;
  std::int32_t gpu_milli = kWholeGpu;    // thousandths of each of its GPUs
  std::int32_t gpu_memory_mib = 0;       // of each of its GPUs; what is not stated is not used
  std::uint64_t gpu_models = kAnyModel;  // bit i = it may run on model i

  auto operator<=>(const MemberShape&) const = default;
};

/// Where a member is: a node, and which of its GPUs it has its part of.
struct Grant {
  NodeIndex node = 0;
  GpuSet gpus = 0;

  auto operator<=>(const Grant&) const = default;
};

/// A node for those who choose among nodes.
struct NodeView {
  const NodeSpec& spec;
  const NodeState& free;
};

[[nodiscard]] Resources resources_of(const MemberShape& shape);

/// The parts of a shape that a suspended claim keeps, and that it frees.
[[nodiscard]] MemberShape memory_of(const MemberShape& shape);
[[nodiscard]] MemberShape compute_of(const MemberShape& shape);

/// What is free on the node as nothing of it is held.
[[nodiscard]] NodeState empty_state(const NodeSpec& spec);

/// What lets a member not be on a node, looked for in this order.
enum class Lack : std::uint8_t { None, Down, GpuModel, Gpus, Memory, Cpu };

/// The GPUs of which the member could have one each, when the rest fits, too; else what lacks.
struct Eligible {
  Lack lack = Lack::None;
  GpuSet gpus = 0;
};
[[nodiscard]] Eligible eligible(const NodeView& node, const MemberShape& shape);

/// How many members of the shape fit at once.
[[nodiscard]] std::int64_t slots(const NodeView& node, const MemberShape& shape);

/// Takes the member's part, or gives it back. The caller has looked that it is there.
void take(NodeState& state, GpuSet gpus, const MemberShape& shape);
void give(NodeState& state, GpuSet gpus, const MemberShape& shape);

/// `count` of the GPUs, which are at least that many, as near to each other as can be: out of the
/// NVLink group that has just enough, else of the NUMA domain, else out of the largest groups
/// first.
[[nodiscard]] GpuSet nearest_gpus(const NodeSpec& spec, GpuSet gpus, std::size_t count);

}  // namespace aion::sched
