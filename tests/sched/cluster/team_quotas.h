// The real quotas for tests of the plan: a queue for each team, all under one cohort.
#pragma once

#include <string>
#include <vector>

#include "sched/share/quota_tree.h"

namespace aion::sched::testing {

/// Quotas of GPUs; of all else there is as much as anybody wants.
class TeamQuotas {
 public:
  /// Thousandths of GPUs, by queue.
  explicit TeamQuotas(const std::vector<std::int64_t>& quotas)
      : teams_(quotas.size()), tree_(*QuotaTree::make(nodes(quotas))) {}

  [[nodiscard]] QuotaTree& tree() { return tree_; }
  [[nodiscard]] std::vector<std::int64_t> used() const {
    std::vector<std::int64_t> used;
    for (QueueIndex team = 0; team < teams_; ++team) {
      used.push_back(tree_.used(team)[ResourceKind::Gpu]);
    }
    return used;
  }

 private:
  static std::vector<QuotaNode> nodes(const std::vector<std::int64_t>& quotas) {
    constexpr std::int64_t kPlenty = std::int64_t{1} << 40U;
    std::vector<QuotaNode> all;
    for (const std::int64_t gpus : quotas) {
      Resources nominal{{kPlenty, kPlenty, gpus, kPlenty}};
      all.push_back({"team-" + std::to_string(all.size()), "all", nominal});
    }
    all.push_back({"all", "", {}});
    return all;
  }

  std::size_t teams_;
  QuotaTree tree_;
};

}  // namespace aion::sched::testing
