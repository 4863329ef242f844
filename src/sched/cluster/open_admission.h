// Admission of a cluster without quotas: everybody may have everything.
#pragma once

#include "sched/share/admission.h"

namespace aion::sched {

class OpenAdmission final : public Admission {
 public:
  [[nodiscard]] Verdict admits(QueueIndex /*queue*/, const Resources& /*wanted*/) const override {
    return Verdict::Granted;
  }
  [[nodiscard]] bool may_reclaim(QueueIndex /*queue*/,
                                 const Resources& /*wanted*/,
                                 QueueIndex /*victim*/) const override {
    return false;
  }
  void charge(QueueIndex /*queue*/, const Resources& /*amount*/) override {}
  void refund(QueueIndex /*queue*/, const Resources& /*amount*/) override {}
};

}  // namespace aion::sched
