#include "sched/cluster/cluster.h"

#include <algorithm>
#include <string>

#include "base/assert.h"

namespace aion::sched {
namespace {

Error wrong(std::size_t node, std::string_view field, std::string_view expected, std::int64_t got) {
  return {Code::InvalidArgument,
          "node " + std::to_string(node) + ": " + std::string(field) + " must be " +
              std::string(expected) + ", got " + std::to_string(got)};
}

Result<void> check(std::size_t index, const NodeSpec& node) {
  constexpr std::int64_t kMost = std::int64_t{1} << 40;
  if (node.cpu_milli < 0 || node.cpu_milli > kMost) {
    return wrong(index, "cpu_milli", "in 0 to 2^40", node.cpu_milli);
  }
  if (node.memory_mib < 0 || node.memory_mib > kMost) {
    return wrong(index, "memory_mib", "in 0 to 2^40", node.memory_mib);
  }
  if (node.gpus < 0 || node.gpus > static_cast<std::int32_t>(kMostGpus)) {
    return wrong(index, "gpus", "in 0 to " + std::to_string(kMostGpus), node.gpus);
  }
  if (node.gpu_memory_mib < 0) {
    return wrong(index, "gpu_memory_mib", "at least 0", node.gpu_memory_mib);
  }
  const std::int32_t models = kMostGpuModels;
  if (node.gpu_model >= models || (node.gpus > 0 && node.gpu_model < 0)) {
    return wrong(index, "gpu_model", "in 0 to " + std::to_string(models - 1), node.gpu_model);
  }
  return {};
}

bool is_within(const NodeSpec& spec, const NodeState& state) {
  bool is_within = state.cpu_milli >= 0 && state.cpu_milli <= spec.cpu_milli &&
                   state.memory_mib >= 0 && state.memory_mib <= spec.memory_mib;
  for_each_gpu(spec.all_gpus(), [&](std::size_t gpu) {
    is_within = is_within && state.gpu_milli[gpu] >= 0 && state.gpu_milli[gpu] <= kWholeGpu &&
                state.gpu_memory_mib[gpu] >= 0 && state.gpu_memory_mib[gpu] <= spec.gpu_memory_mib;
  });
  return is_within;
}

}  // namespace

Result<Cluster> Cluster::create(std::vector<NodeSpec> nodes) {
  for (std::size_t node = 0; node < nodes.size(); ++node) {
    AION_TRY_VOID(check(node, nodes[node]));
  }
  return Cluster(std::move(nodes));
}

Cluster::Cluster(std::vector<NodeSpec> nodes)
    : specs_(std::move(nodes)), changes_(std::max<std::size_t>(2 * specs_.size(), 16)) {
  states_.reserve(specs_.size());
  for (const NodeSpec& spec : specs_) {
    states_.push_back(empty_state(spec));
    const auto gpus = static_cast<std::int64_t>(spec.gpus);
    installed_ +=
        Resources{{spec.cpu_milli, spec.memory_mib, gpus * kWholeGpu, gpus * spec.gpu_memory_mib}};
  }
}

bool Cluster::has_room(const Grant& grant, const MemberShape& shape) const {
  const NodeState& state = states_[grant.node];
  bool has_room = state.is_up && (grant.gpus & ~state.usable) == 0 &&
                  state.cpu_milli >= shape.cpu_milli && state.memory_mib >= shape.memory_mib;
  for_each_gpu(grant.gpus, [&](std::size_t gpu) {
    has_room = has_room && state.gpu_milli[gpu] >= shape.gpu_milli &&
               state.gpu_memory_mib[gpu] >= shape.gpu_memory_mib;
  });
  return has_room;
}

void Cluster::take(const Grant& grant, const MemberShape& shape) {
  AION_ASSERT(std::popcount(grant.gpus) == shape.gpus);
  sched::take(states_[grant.node], grant.gpus, shape);
  AION_ASSERT(is_within(specs_[grant.node], states_[grant.node]));
  changes_.note(grant.node);
}

void Cluster::give(const Grant& grant, const MemberShape& shape) {
  AION_ASSERT(std::popcount(grant.gpus) == shape.gpus);
  sched::give(states_[grant.node], grant.gpus, shape);
  AION_ASSERT(is_within(specs_[grant.node], states_[grant.node]));
  changes_.note(grant.node);
}

void Cluster::set_up(NodeIndex node, bool is_up) {
  states_[node].is_up = is_up;
  changes_.note(node);
}

void Cluster::set_gpu_usable(NodeIndex node, std::size_t gpu, bool is_usable) {
  AION_ASSERT(gpu < static_cast<std::size_t>(specs_[node].gpus));
  GpuSet& usable = states_[node].usable;
  usable = is_usable ? usable | gpu_bit(gpu) : usable & ~gpu_bit(gpu);
  changes_.note(node);
}

Resources Cluster::usable() const {
  Resources sum;
  for (const NodeState& state : states_) {
    if (!state.is_up) {
      continue;
    }
    sum += Resources{{state.cpu_milli, state.memory_mib, 0, 0}};
    for_each_gpu(state.usable, [&](std::size_t gpu) {
      sum += Resources{{0, 0, state.gpu_milli[gpu], state.gpu_memory_mib[gpu]}};
    });
  }
  return sum;
}

void Transaction::take(const Grant& grant, const MemberShape& shape) {
  cluster_.take(grant, shape);
  steps_.push_back({grant, shape, true});
}

void Transaction::give(const Grant& grant, const MemberShape& shape) {
  cluster_.give(grant, shape);
  steps_.push_back({grant, shape, false});
}

void Transaction::undo_to(std::size_t mark) {
  while (steps_.size() > mark) {
    const Step step = steps_.back();
    steps_.pop_back();
    if (step.was_taken) {
      cluster_.give(step.grant, step.shape);
    } else {
      cluster_.take(step.grant, step.shape);
    }
  }
}

}  // namespace aion::sched
