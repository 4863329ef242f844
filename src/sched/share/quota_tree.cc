#include "sched/share/quota_tree.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "base/assert.h"

namespace aion::sched {

namespace {

constexpr std::array<const char*, kResourceKinds> kFields{
    "cpu_milli", "memory_mib", "gpu_milli", "gpu_memory_mib"};

// So that sums of thousands of nodes stay in 64 bits.
constexpr std::int64_t kMost = std::int64_t{1} << 50U;

Error wrong(const QuotaNode& node, const std::string& what) {
  return {Code::InvalidArgument, "quota '" + node.name + "': " + what};
}

Result<void> check_amounts(const QuotaNode& node, const char* field, const Resources& amounts) {
  for (std::size_t kind = 0; kind < kResourceKinds; ++kind) {
    if (amounts.amounts[kind] < 0 || amounts.amounts[kind] > kMost) {
      return wrong(node,
                   std::string(field) + "." + kFields[kind] +
                       ": expected a number from 0 to 2^50, got " +
                       std::to_string(amounts.amounts[kind]));
    }
  }
  return {};
}

Result<void> check(const QuotaNode& node) {
  if (node.name.empty()) {
    return wrong(node, "name: expected one, got none");
  }
  AION_TRY_VOID(check_amounts(node, "nominal", node.nominal));
  if (node.borrowing) {
    AION_TRY_VOID(check_amounts(node, "borrowing", *node.borrowing));
  }
  return node.lending ? check_amounts(node, "lending", *node.lending) : Result<void>{};
}

/// "6 of its 8 GPUs" in the words of the kind.
std::string amount_text(std::size_t kind, std::int64_t amount) {
  constexpr std::int64_t kThousand = 1000;
  switch (static_cast<ResourceKind>(kind)) {
    case ResourceKind::Cpu:
    case ResourceKind::Gpu: {
      std::string text = std::to_string(amount / kThousand);
      if (amount % kThousand != 0) {
        const std::string rest = std::to_string(kThousand + amount % kThousand);
        text += "." + rest.substr(1);
      }
      return text;
    }
    case ResourceKind::Memory:
    case ResourceKind::GpuMemory:
      break;
  }
  return std::to_string(amount) + " MiB";
}

constexpr std::array<const char*, kResourceKinds> kNouns{"cores", "memory", "GPUs", "GPU memory"};

}  // namespace

Result<QuotaTree> QuotaTree::make(std::vector<QuotaNode> nodes) {
  std::unordered_map<std::string, QueueIndex> by_name;
  for (const QuotaNode& node : nodes) {
    AION_TRY_VOID(check(node));
    if (!by_name.emplace(node.name, static_cast<QueueIndex>(by_name.size())).second) {
      return wrong(node, "name: expected one that nobody else has, got it twice");
    }
  }
  QuotaTree tree;
  for (QuotaNode& node : nodes) {
    Node made;
    if (!node.parent.empty()) {
      const auto parent = by_name.find(node.parent);
      if (parent == by_name.end()) {
        return wrong(node, "parent: expected the name of a node, got '" + node.parent + "'");
      }
      made.parent = parent->second;
    }
    made.told = std::move(node);
    tree.nodes_.push_back(std::move(made));
  }
  // Deepest first; who is deeper than there are nodes goes round in a circle.
  std::vector<std::pair<std::size_t, QueueIndex>> by_depth;
  for (QueueIndex i = 0; i < tree.nodes_.size(); ++i) {
    std::size_t depth = 0;
    for (QueueIndex at = i; at != kNone; at = tree.nodes_[at].parent) {
      if (++depth > tree.nodes_.size()) {
        return wrong(tree.nodes_[i].told, "parent: expected no circle, got one");
      }
    }
    by_depth.emplace_back(depth, i);
  }
  std::ranges::stable_sort(
      by_depth, std::ranges::greater{}, &std::pair<std::size_t, QueueIndex>::first);
  std::vector<QueueIndex> from_the_leaves;
  for (const auto& [depth, index] : by_depth) {
    from_the_leaves.push_back(index);
  }
  add_up(tree.nodes_, from_the_leaves);
  return tree;
}

void QuotaTree::add_up(std::vector<Node>& nodes, const std::vector<QueueIndex>& from_the_leaves) {
  for (const QueueIndex index : from_the_leaves) {
    Node& node = nodes[index];
    node.subtree += node.told.nominal;  // what the children lend is in it already
    if (node.told.lending) {
      for (std::size_t kind = 0; kind < kResourceKinds; ++kind) {
        node.kept.amounts[kind] = std::max<std::int64_t>(
            0, node.subtree.amounts[kind] - node.told.lending->amounts[kind]);
      }
    }
    if (node.parent != kNone) {
      nodes[node.parent].subtree += node.subtree;
      nodes[node.parent].subtree -= node.kept;
    }
  }
}

Result<QueueIndex> QuotaTree::find(std::string_view name) const {
  const auto found = std::ranges::find(
      nodes_, name, [](const Node& node) -> std::string_view { return node.told.name; });
  if (found == nodes_.end()) {
    return Error{Code::NotFound, "no quota '" + std::string(name) + "'"};
  }
  return static_cast<QueueIndex>(found - nodes_.begin());
}

/// What is kept for the node and not used, and of what its parent has the part that it may take:
/// what it lends and does not use itself, and what it may borrow.
std::int64_t QuotaTree::available(QueueIndex queue, std::size_t kind) const {
  const Node& node = nodes_[queue];
  const std::int64_t subtree = node.subtree.amounts[kind];
  const std::int64_t used = node.used.amounts[kind];
  if (node.parent == kNone) {
    return subtree - used;
  }
  const std::int64_t kept = node.kept.amounts[kind];
  const std::int64_t own = std::max<std::int64_t>(0, kept - used);
  std::int64_t from_parent = available(node.parent, kind);
  if (node.told.borrowing) {
    const std::int64_t lent = subtree - kept;
    const std::int64_t taken = std::max<std::int64_t>(0, used - kept);
    from_parent = std::min(from_parent, lent - taken + node.told.borrowing->amounts[kind]);
  }
  return own + from_parent;
}

Resources QuotaTree::available(QueueIndex queue) const {
  Resources available;
  for (std::size_t kind = 0; kind < kResourceKinds; ++kind) {
    available.amounts[kind] = this->available(queue, kind);
  }
  return available;
}

Verdict QuotaTree::admits(QueueIndex queue, const Resources& wanted) const {
  AION_ASSERT(queue < nodes_.size());
  const Node& node = nodes_[queue];
  bool is_own = true;
  for (std::size_t kind = 0; kind < kResourceKinds; ++kind) {
    const std::int64_t amount = wanted.amounts[kind];
    if (amount <= 0) {
      continue;
    }
    if (amount > available(queue, kind)) {
      return Verdict::Denied;
    }
    is_own = is_own && node.used.amounts[kind] + amount <= node.subtree.amounts[kind];
  }
  return is_own ? Verdict::Granted : Verdict::Borrowed;
}

bool QuotaTree::is_borrowing(QueueIndex queue, const Resources& wanted) const {
  const Node& node = nodes_[queue];
  for (std::size_t kind = 0; kind < kResourceKinds; ++kind) {
    if (wanted.amounts[kind] > 0 && node.used.amounts[kind] > node.subtree.amounts[kind]) {
      return true;
    }
  }
  return false;
}

bool QuotaTree::stands_under(QueueIndex queue, QueueIndex other) const {
  for (QueueIndex at = queue; at != kNone; at = nodes_[at].parent) {
    if (at == other) {
      return true;
    }
  }
  return false;
}

QueueIndex QuotaTree::root_of(QueueIndex queue) const {
  while (nodes_[queue].parent != kNone) {
    queue = nodes_[queue].parent;
  }
  return queue;
}

bool QuotaTree::may_reclaim(QueueIndex queue, const Resources& wanted, QueueIndex victim) const {
  AION_ASSERT(queue < nodes_.size() && victim < nodes_.size());
  if (queue == victim || root_of(queue) != root_of(victim)) {
    return false;
  }
  // Below the cohort that both stand under: one that is within its quota keeps what it lends
  // inside.
  for (QueueIndex at = victim; !stands_under(queue, at); at = nodes_[at].parent) {
    if (!is_borrowing(at, wanted)) {
      return false;
    }
  }
  const Node& node = nodes_[queue];
  for (std::size_t kind = 0; kind < kResourceKinds; ++kind) {
    if (wanted.amounts[kind] > 0 &&
        node.used.amounts[kind] + wanted.amounts[kind] > node.subtree.amounts[kind]) {
      return false;
    }
  }
  return true;
}

void QuotaTree::charge(QueueIndex queue, const Resources& amount) {
  for (std::size_t kind = 0; kind < kResourceKinds; ++kind) {
    std::int64_t rest = amount.amounts[kind];
    for (QueueIndex at = queue; at != kNone && rest > 0; at = nodes_[at].parent) {
      Node& node = nodes_[at];
      const std::int64_t own =
          std::max<std::int64_t>(0, node.kept.amounts[kind] - node.used.amounts[kind]);
      node.used.amounts[kind] += rest;
      rest -= std::min(rest, own);  // of its parent's it takes only what is not kept for it
    }
  }
}

void QuotaTree::refund(QueueIndex queue, const Resources& amount) {
  for (std::size_t kind = 0; kind < kResourceKinds; ++kind) {
    std::int64_t rest = amount.amounts[kind];
    for (QueueIndex at = queue; at != kNone && rest > 0; at = nodes_[at].parent) {
      Node& node = nodes_[at];
      AION_ASSERT(node.used.amounts[kind] >= rest);
      const std::int64_t taken =
          std::max<std::int64_t>(0, node.used.amounts[kind] - node.kept.amounts[kind]);
      node.used.amounts[kind] -= rest;
      rest = std::min(rest, taken);  // what was the parent's goes back first
    }
  }
}

std::string QuotaTree::explain(QueueIndex queue, const Resources& wanted) const {
  const Node& node = nodes_[queue];
  std::string text;
  for (std::size_t kind = 0; kind < kResourceKinds; ++kind) {
    if (wanted.amounts[kind] <= 0) {
      continue;
    }
    const std::int64_t used = node.used.amounts[kind];
    const std::int64_t own = node.subtree.amounts[kind];
    const std::int64_t more = std::max<std::int64_t>(0, available(queue, kind));
    text += text.empty() ? node.told.name + " has " : ", ";
    text += amount_text(kind, used) + " of its " + amount_text(kind, own) + " " + kNouns[kind];
    text += used + more > own ? " and may borrow " +
                                    amount_text(kind, used + more - std::max(used, own)) + " more"
                              : " and may have " + amount_text(kind, more) + " more";
  }
  return text.empty() ? node.told.name + " wants nothing" : text;
}

}  // namespace aion::sched
