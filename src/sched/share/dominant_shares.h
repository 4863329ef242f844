// Who is to be served next, when several want several kinds of resources: dominant resource
// fairness.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "sched/share/resources.h"

namespace aion::sched {

/// Dominant resource fairness (Ghodsi et al., NSDI 2011), weighted, over a tree: the share of a
/// node is the largest part that it has of any kind of resource, divided by its weight; at each
/// level the child with the least share goes first, equal ones in the order in which they were
/// added. Serving `next` again and again, and leaving out who wants nothing more, is the
/// progressive filling of the paper.
///
/// Not thread-safe. Every call is O(depth x log children).
class DominantShares {
 public:
  using Index = std::uint32_t;
  static constexpr Index kRoot = 0;

  /// What there is of each kind; of what there is none, nothing counts.
  explicit DominantShares(const Resources& capacity);

  /// A child of `parent`; weight > 0. It wants nothing yet.
  Index add(Index parent, double weight);

  /// Whether a node without children wants to be served.
  void set_wanting(Index leaf, bool wants);

  /// Whom to serve next: the node that wants and goes first; nothing when nobody wants.
  [[nodiscard]] std::optional<Index> next() const;

  /// What a node without children has got, and what it has given back.
  void charge(Index leaf, const Resources& amount) { change(leaf, amount, 1); }
  void refund(Index leaf, const Resources& amount) { change(leaf, amount, -1); }

  /// Largest part of any kind, divided by the weight.
  [[nodiscard]] double share(Index node) const { return nodes_[node].share; }
  [[nodiscard]] const Resources& used(Index node) const { return nodes_[node].used; }

 private:
  struct Node {
    Index parent = kRoot;
    double weight = 1;
    Resources used;
    double share = 0;
    bool wants = false;                          // it, or somebody below it
    std::set<std::pair<double, Index>> wanting;  // children that want, by share
  };

  void change(Index leaf, const Resources& amount, std::int64_t sign);
  [[nodiscard]] double share_of(const Node& node) const;

  Resources capacity_;
  std::vector<Node> nodes_;
};

}  // namespace aion::sched
