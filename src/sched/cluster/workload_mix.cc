#include "sched/cluster/workload_mix.h"

#include <algorithm>

namespace aion::sched {

void WorkloadMix::add(const MemberShape& shape, std::int64_t count) {
  if (shape.gpus > 0 && count > 0) {
    publish(shape, count);
    ++version_;
  }
}

void WorkloadMix::observe(const MemberShape& shape) {
  if (shape.gpus == 0) {
    return;
  }
  ++unpublished_[shape];
  ++unpublished_count_;
  if (unpublished_count_ * 8 <= total_) {
    return;
  }
  for (const auto& [seen, count] : unpublished_) {
    publish(seen, count);
  }
  unpublished_.clear();
  unpublished_count_ = 0;
  ++version_;
}

void WorkloadMix::publish(const MemberShape& shape, std::int64_t count) {
  auto of_class = std::find_if(classes_.begin(), classes_.end(), [&](const Class& known) {
    return known.gpus == shape.gpus && known.gpu_milli == shape.gpu_milli &&
           known.gpu_memory_mib == shape.gpu_memory_mib && known.gpu_models == shape.gpu_models;
  });
  if (of_class == classes_.end()) {
    classes_.push_back(
        {shape.gpus, shape.gpu_milli, shape.gpu_memory_mib, shape.gpu_models, 0, {}});
    of_class = classes_.end() - 1;
  }
  std::vector<Entry>& entries = of_class->entries;
  auto entry = std::find_if(entries.begin(), entries.end(), [&](const Entry& known) {
    return known.cpu_milli == shape.cpu_milli && known.memory_mib == shape.memory_mib;
  });
  if (entry == entries.end()) {
    entry = std::upper_bound(
        entries.begin(), entries.end(), shape.cpu_milli, [](std::int64_t cpu, const Entry& known) {
          return cpu < known.cpu_milli;
        });
    entry = entries.insert(entry, {shape.cpu_milli, shape.memory_mib, 0});
  }
  entry->count += count;
  of_class->total += count;
  total_ += count;
}

void WorkloadMix::weigh(const NodeSpec& spec, const NodeState& free, Masses& masses) const {
  masses.assign(classes_.size(), 0);
  for (std::size_t at = 0; at < classes_.size(); ++at) {
    const bool is_allowed =
        spec.gpu_model >= 0 && (classes_[at].gpu_models >> spec.gpu_model & 1) != 0;
    masses[at] = is_allowed ? fitting(classes_[at].entries, free) : 0;
  }
}

std::int64_t WorkloadMix::fitting(const std::vector<Entry>& entries, const NodeState& free) {
  std::int64_t count = 0;
  for (const Entry& entry : entries) {
    if (entry.cpu_milli > free.cpu_milli) {
      break;
    }
    count += entry.memory_mib <= free.memory_mib ? entry.count : 0;
  }
  return count;
}

std::int64_t WorkloadMix::fragment(const NodeState& free, const Masses& masses) const {
  std::int64_t all = 0;
  for_each_gpu(free.usable, [&](std::size_t gpu) { all += free.gpu_milli[gpu]; });
  std::int64_t sum = 0;
  for (std::size_t at = 0; at < classes_.size(); ++at) {
    const Class& kind = classes_[at];
    std::int64_t small = 0;
    std::int32_t large = 0;
    for_each_gpu(free.usable, [&](std::size_t gpu) {
      const bool is_enough =
          free.gpu_milli[gpu] >= kind.gpu_milli && free.gpu_memory_mib[gpu] >= kind.gpu_memory_mib;
      large += is_enough ? 1 : 0;
      small += is_enough ? 0 : free.gpu_milli[gpu];
    });
    const std::int64_t runs = large >= kind.gpus ? masses[at] : 0;
    sum += (kind.total - runs) * all + runs * small;
  }
  return sum;
}

}  // namespace aion::sched
