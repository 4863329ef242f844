// A small admission for tests: a quota of GPUs for each queue, all in one cohort.
#pragma once

#include <vector>

#include "sched/share/admission.h"

namespace aion::sched::testing {

class QuotaAdmission final : public Admission {
 public:
  /// Thousandths of GPUs, by queue.
  explicit QuotaAdmission(std::vector<std::int64_t> quotas)
      : quotas_(std::move(quotas)), used_(quotas_.size()) {}

  [[nodiscard]] Verdict admits(QueueIndex queue, const Resources& wanted) const override {
    const std::int64_t more = wanted[ResourceKind::Gpu];
    if (used_[queue] + more <= quotas_[queue]) {
      return total(used_) + more <= total(quotas_) ? Verdict::Granted : Verdict::Denied;
    }
    return total(used_) + more <= total(quotas_) ? Verdict::Borrowed : Verdict::Denied;
  }
  [[nodiscard]] bool may_reclaim(QueueIndex queue,
                                 const Resources& wanted,
                                 QueueIndex victim) const override {
    return used_[queue] + wanted[ResourceKind::Gpu] <= quotas_[queue] &&
           used_[victim] > quotas_[victim];
  }
  void charge(QueueIndex queue, const Resources& amount) override {
    used_[queue] += amount[ResourceKind::Gpu];
  }
  void refund(QueueIndex queue, const Resources& amount) override {
    used_[queue] -= amount[ResourceKind::Gpu];
  }

  [[nodiscard]] const std::vector<std::int64_t>& used() const { return used_; }

 private:
  static std::int64_t total(const std::vector<std::int64_t>& amounts) {
    std::int64_t sum = 0;
    for (const std::int64_t amount : amounts) {
      sum += amount;
    }
    return sum;
  }

  std::vector<std::int64_t> quotas_;
  std::vector<std::int64_t> used_;
};

}  // namespace aion::sched::testing
