#include "sched/share/dominant_shares.h"

#include <algorithm>

#include "base/assert.h"

namespace aion::sched {

DominantShares::DominantShares(const Resources& capacity) : capacity_(capacity), nodes_(1) {}

DominantShares::Index DominantShares::add(Index parent, double weight) {
  AION_ASSERT(parent < nodes_.size() && weight > 0);
  Node node;
  node.parent = parent;
  node.weight = weight;
  nodes_.push_back(std::move(node));
  return static_cast<Index>(nodes_.size() - 1);
}

/// Divisions of integers are rounded the same everywhere: so is the order of shares.
double DominantShares::share_of(const Node& node) const {
  double largest = 0;
  for (std::size_t kind = 0; kind < kResourceKinds; ++kind) {
    if (capacity_.amounts[kind] > 0) {
      largest = std::max(largest,
                         static_cast<double>(node.used.amounts[kind]) /
                             static_cast<double>(capacity_.amounts[kind]));
    }
  }
  return largest / node.weight;
}

void DominantShares::set_wanting(Index leaf, bool wants) {
  for (Index at = leaf;; at = nodes_[at].parent) {
    Node& node = nodes_[at];
    const bool now = wants || !node.wanting.empty();
    if (node.wants == now) {
      return;
    }
    node.wants = now;
    if (at == kRoot) {
      return;
    }
    auto& siblings = nodes_[node.parent].wanting;
    if (now) {
      siblings.emplace(node.share, at);
    } else {
      siblings.erase({node.share, at});
    }
  }
}

std::optional<DominantShares::Index> DominantShares::next() const {
  if (!nodes_[kRoot].wants) {
    return std::nullopt;
  }
  Index at = kRoot;
  while (!nodes_[at].wanting.empty()) {
    at = nodes_[at].wanting.begin()->second;
  }
  return at == kRoot ? std::nullopt : std::optional(at);
}

void DominantShares::change(Index leaf, const Resources& amount, std::int64_t sign) {
  for (Index at = leaf;; at = nodes_[at].parent) {
    Node& node = nodes_[at];
    for (std::size_t kind = 0; kind < kResourceKinds; ++kind) {
      node.used.amounts[kind] += sign * amount.amounts[kind];
      AION_ASSERT(node.used.amounts[kind] >= 0);
    }
    const double share = share_of(node);
    if (at != kRoot && node.wants) {
      auto& siblings = nodes_[node.parent].wanting;
      siblings.erase({node.share, at});
      siblings.emplace(share, at);
    }
    node.share = share;
    if (at == kRoot) {
      return;
    }
  }
}

}  // namespace aion::sched
