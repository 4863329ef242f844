// Which nodes something has happened to lately.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sched/cluster/node.h"

namespace aion::sched {

/// Counts what happens to nodes, and remembers the last of it in a ring; readers that keep an old
/// count find with it what came since. Not thread-safe.
class NodeLog {
 public:
  explicit NodeLog(std::size_t remembered) : ring_(remembered) {}

  void note(NodeIndex node) { ring_[count_++ % ring_.size()] = node; }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// Whether all from count `since` on is still known.
  [[nodiscard]] bool remembers(std::uint64_t since) const { return count_ - since <= ring_.size(); }
  /// The node of event `at`, which is remembered and below `count()`.
  [[nodiscard]] NodeIndex at(std::uint64_t at) const { return ring_[at % ring_.size()]; }

 private:
  std::vector<NodeIndex> ring_;
  std::uint64_t count_ = 0;
};

}  // namespace aion::sched
