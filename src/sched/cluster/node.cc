#include "sched/cluster/node.h"

#include <algorithm>
#include <limits>

namespace aion::sched {
namespace {

using Labels = std::array<std::uint8_t, kMostGpus>;

/// Those of the GPUs that carry the label of `gpu`.
GpuSet same_label(const Labels& labels, GpuSet gpus, std::size_t gpu) {
  GpuSet same = 0;
  for_each_gpu(
      gpus, [&](std::size_t other) { same |= labels[other] == labels[gpu] ? gpu_bit(other) : 0; });
  return same;
}

/// The smallest group of at least `count`; empty when there is none.
GpuSet tightest_group(const Labels& labels, GpuSet gpus, std::size_t count) {
  GpuSet best = 0;
  for (GpuSet left = gpus; left != 0;) {
    const GpuSet group = same_label(labels, gpus, static_cast<std::size_t>(std::countr_zero(left)));
    left &= ~group;
    const bool is_enough = std::popcount(group) >= static_cast<int>(count);
    if (is_enough && (best == 0 || std::popcount(group) < std::popcount(best))) {
      best = group;
    }
  }
  return best;
}

GpuSet largest_group(const Labels& labels, GpuSet gpus) {
  GpuSet best = 0;
  for (GpuSet left = gpus; left != 0;) {
    const GpuSet group = same_label(labels, gpus, static_cast<std::size_t>(std::countr_zero(left)));
    left &= ~group;
    best = std::popcount(group) > std::popcount(best) ? group : best;
  }
  return best;
}

GpuSet lowest(GpuSet gpus, std::size_t count) {
  GpuSet taken = 0;
  for (; count > 0; --count) {
    const GpuSet next = gpus & (~gpus + 1);
    taken |= next;
    gpus &= ~next;
  }
  return taken;
}

/// How many members can have a part of this GPU.
std::int64_t parts(const NodeState& free, std::size_t gpu, const MemberShape& shape) {
  std::int64_t count = std::numeric_limits<std::int32_t>::max();
  if (shape.gpu_milli > 0) {
    count = free.gpu_milli[gpu] / shape.gpu_milli;
  }
  if (shape.gpu_memory_mib > 0) {
    count = std::min<std::int64_t>(count, free.gpu_memory_mib[gpu] / shape.gpu_memory_mib);
  }
  return count;
}

/// The most members of which each has a part of `shape.gpus` GPUs and no two parts of one: t
/// members have room when the GPUs, each counted t times at most, have room for all their parts.
std::int64_t gpu_slots(const NodeView& node, const MemberShape& shape) {
  std::array<std::int64_t, kMostGpus> room{};
  std::int64_t most = 0;
  for_each_gpu(node.free.usable, [&](std::size_t gpu) {
    room[gpu] = parts(node.free, gpu, shape);
    most += room[gpu];
  });
  std::int64_t least = 0;
  most /= shape.gpus;
  while (least < most) {
    const std::int64_t members = least + (most - least + 1) / 2;
    std::int64_t sum = 0;
    for (const std::int64_t of_gpu : room) {
      sum += std::min(of_gpu, members);
    }
    if (sum >= members * shape.gpus) {
      least = members;
    } else {
      most = members - 1;
    }
  }
  return least;
}

}  // namespace

Resources resources_of(const MemberShape& shape) {
  const auto gpus = static_cast<std::int64_t>(shape.gpus);
  return {{shape.cpu_milli, shape.memory_mib, gpus * shape.gpu_milli, gpus * shape.gpu_memory_mib}};
}

MemberShape memory_of(const MemberShape& shape) {
  MemberShape part = shape;
  part.cpu_milli = 0;
  part.gpu_milli = 0;
  return part;
}

MemberShape compute_of(const MemberShape& shape) {
  MemberShape part = shape;
  part.memory_mib = 0;
  part.gpu_memory_mib = 0;
  return part;
}

NodeState empty_state(const NodeSpec& spec) {
  NodeState state;
  state.cpu_milli = spec.cpu_milli;
  state.memory_mib = spec.memory_mib;
  state.usable = spec.all_gpus();
  for_each_gpu(state.usable, [&](std::size_t gpu) {
    state.gpu_milli[gpu] = kWholeGpu;
    state.gpu_memory_mib[gpu] = spec.gpu_memory_mib;
  });
  return state;
}

Eligible eligible(const NodeView& node, const MemberShape& shape) {
  const NodeState& free = node.free;
  if (!free.is_up) {
    return {Lack::Down};
  }
  GpuSet gpus = 0;
  if (shape.gpus > 0) {
    if (node.spec.gpu_model < 0 || (shape.gpu_models >> node.spec.gpu_model & 1) == 0) {
      return {Lack::GpuModel};
    }
    for_each_gpu(free.usable, [&](std::size_t gpu) {
      const bool has_room = free.gpu_milli[gpu] >= shape.gpu_milli &&
                            free.gpu_memory_mib[gpu] >= shape.gpu_memory_mib;
      gpus |= has_room ? gpu_bit(gpu) : 0;
    });
    if (std::popcount(gpus) < shape.gpus) {
      return {Lack::Gpus};
    }
  }
  if (free.memory_mib < shape.memory_mib) {
    return {Lack::Memory};
  }
  if (free.cpu_milli < shape.cpu_milli) {
    return {Lack::Cpu};
  }
  return {Lack::None, gpus};
}

std::int64_t slots(const NodeView& node, const MemberShape& shape) {
  if (eligible(node, shape).lack != Lack::None) {
    return 0;
  }
  std::int64_t count = std::numeric_limits<std::int32_t>::max();
  if (shape.cpu_milli > 0) {
    count = std::min(count, node.free.cpu_milli / shape.cpu_milli);
  }
  if (shape.memory_mib > 0) {
    count = std::min(count, node.free.memory_mib / shape.memory_mib);
  }
  return shape.gpus > 0 ? std::min(count, gpu_slots(node, shape)) : count;
}

void take(NodeState& state, GpuSet gpus, const MemberShape& shape) {
  state.cpu_milli -= shape.cpu_milli;
  state.memory_mib -= shape.memory_mib;
  for_each_gpu(gpus, [&](std::size_t gpu) {
    state.gpu_milli[gpu] -= shape.gpu_milli;
    state.gpu_memory_mib[gpu] -= shape.gpu_memory_mib;
  });
}

void give(NodeState& state, GpuSet gpus, const MemberShape& shape) {
  state.cpu_milli += shape.cpu_milli;
  state.memory_mib += shape.memory_mib;
  for_each_gpu(gpus, [&](std::size_t gpu) {
    state.gpu_milli[gpu] += shape.gpu_milli;
    state.gpu_memory_mib[gpu] += shape.gpu_memory_mib;
  });
}

GpuSet nearest_gpus(const NodeSpec& spec, GpuSet gpus, std::size_t count) {
  GpuSet group = tightest_group(spec.link_group, gpus, count);
  if (group != 0) {
    return lowest(group, count);
  }
  group = tightest_group(spec.numa_domain, gpus, count);
  GpuSet left = group != 0 ? group : gpus;
  GpuSet taken = 0;
  while (count > 0) {
    const GpuSet next = largest_group(spec.link_group, left);
    const auto some = std::min(count, static_cast<std::size_t>(std::popcount(next)));
    taken |= lowest(next, some);
    left &= ~next;
    count -= some;
  }
  return taken;
}

}  // namespace aion::sched
