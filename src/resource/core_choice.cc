#include "resource/core_choice.h"

#include <algorithm>
#include <map>
#include <utility>

namespace aion::resource {

namespace {

struct Core {
  std::vector<std::uint32_t> free;  // its free threads
  std::size_t threads = 0;          // all of them
  [[nodiscard]] bool is_idle() const { return free.size() == threads; }
};
using Node = std::map<std::uint32_t, Core>;

std::size_t free_in(const Node& node) {
  std::size_t free = 0;
  for (const auto& [number, core] : node) {
    free += core.free.size();
  }
  return free;
}

/// Takes whole idle cores of the node while they fit.
void take_whole_cores(Node& node, std::size_t& left, std::vector<std::uint32_t>& chosen) {
  for (auto& [number, core] : node) {
    if (core.is_idle() && !core.free.empty() && core.free.size() <= left) {
      left -= core.free.size();
      chosen.insert(chosen.end(), core.free.begin(), core.free.end());
      core.free.clear();
      core.threads = 0;
    }
  }
}

/// Takes what is left of cores that others use, the fullest first, then breaks idle ones.
void take_threads(Node& node, std::size_t& left, std::vector<std::uint32_t>& chosen) {
  std::vector<Core*> cores;
  for (auto& [number, core] : node) {
    cores.push_back(&core);
  }
  std::ranges::stable_sort(
      cores, {}, [](const Core* core) { return std::pair(core->is_idle(), core->free.size()); });
  for (Core* const core : cores) {
    const std::size_t taken = std::min(left, core->free.size());
    const auto end = core->free.begin() + static_cast<std::ptrdiff_t>(taken);
    chosen.insert(chosen.end(), core->free.begin(), end);
    core->free.erase(core->free.begin(), end);
    left -= taken;
  }
}

}  // namespace

std::vector<std::uint32_t> choose_cpus(std::span<const Cpu> cpus,
                                       const std::vector<bool>& is_taken,
                                       std::size_t count) {
  std::map<std::uint32_t, Node> by_number;
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    Core& core = by_number[cpus[i].node][cpus[i].core];
    ++core.threads;
    if (!is_taken[i]) {
      core.free.push_back(cpus[i].number);
    }
  }
  std::vector<Node> nodes;
  for (auto& [number, node] : by_number) {
    nodes.push_back(std::move(node));
  }
  // Those that suffice first, the tightest of them; then the roomiest.
  std::ranges::stable_sort(nodes, [count](const Node& a, const Node& b) {
    const std::size_t free_a = free_in(a);
    const std::size_t free_b = free_in(b);
    if ((free_a >= count) != (free_b >= count)) {
      return free_a >= count;
    }
    return free_a >= count ? free_a < free_b : free_a > free_b;
  });
  std::vector<std::uint32_t> chosen;
  std::size_t left = count;
  for (Node& node : nodes) {
    take_whole_cores(node, left, chosen);
    take_threads(node, left, chosen);
  }
  std::ranges::sort(chosen);
  return left == 0 ? chosen : std::vector<std::uint32_t>{};
}

}  // namespace aion::resource
