// Which team may have how much: guaranteed quotas, and what is borrowed from those that leave
// theirs idle.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sched/share/admission.h"

namespace aion::sched {

/// A queue, to which claims belong, or a cohort of queues, which lend to each other.
struct QuotaNode {
  std::string name;                      // unique; not empty
  std::string parent;                    // a cohort's name; empty = it stands alone
  Resources nominal;                     // its own; nothing is negative
  std::optional<Resources> borrowing{};  // the most beyond its own; none = no limit
  std::optional<Resources> lending{};    // the most of its own that others may borrow; none = all
};

/// Cohorts may stand in cohorts. What a node does not lend is kept for it; what it lends and does
/// not use may be borrowed by all that stand under the same cohort, and is reclaimed by stopping
/// claims of who has borrowed (may_reclaim). The rules are those of hierarchical cohorts in Kueue
/// (https://kueue.sigs.k8s.io/docs/concepts/cohort/).
///
/// Not thread-safe. Every call is O(depth x kinds) but those that are said to be slow.
class QuotaTree final : public Admission {
 public:
  /// fails   InvalidArgument   names the node and field, what was expected and what came: a name
  ///         that is empty or comes twice, a parent that is not there, a circle, an amount that is
  ///         negative or above 2^50
  [[nodiscard]] static Result<QuotaTree> make(std::vector<QuotaNode> nodes);

  /// Of a node that claims may belong to: NotFound for a name that is not there. Slow: O(nodes).
  [[nodiscard]] Result<QueueIndex> find(std::string_view name) const;

  [[nodiscard]] Verdict admits(QueueIndex queue, const Resources& wanted) const override;
  [[nodiscard]] bool may_reclaim(QueueIndex queue,
                                 const Resources& wanted,
                                 QueueIndex victim) const override;
  void charge(QueueIndex queue, const Resources& amount) override;
  void refund(QueueIndex queue, const Resources& amount) override;

  /// What the queue has now, by itself and those below it.
  [[nodiscard]] const Resources& used(QueueIndex queue) const { return nodes_[queue].used; }
  /// How much more it could have now, lent by others or its own.
  [[nodiscard]] Resources available(QueueIndex queue) const;

  /// "team-a has 6 of its 8 GPUs and may borrow 2 more": of the kinds that are wanted, for whoever
  /// asks why a claim waits. Slow.
  [[nodiscard]] std::string explain(QueueIndex queue, const Resources& wanted) const;

 private:
  static constexpr QueueIndex kNone = ~QueueIndex{0};

  struct Node {
    QuotaNode told;
    QueueIndex parent = kNone;
    Resources subtree;  // its own, and what its children lend it
    Resources kept;     // of that, what it never lends to its parent
    Resources used;
  };

  [[nodiscard]] std::int64_t available(QueueIndex queue, std::size_t kind) const;
  [[nodiscard]] bool is_borrowing(QueueIndex queue, const Resources& wanted) const;
  [[nodiscard]] bool stands_under(QueueIndex queue, QueueIndex other) const;  // or is it
  [[nodiscard]] QueueIndex root_of(QueueIndex queue) const;
  static void add_up(std::vector<Node>& nodes, const std::vector<QueueIndex>& from_the_leaves);

  std::vector<Node> nodes_;
};

}  // namespace aion::sched
