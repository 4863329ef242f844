// Claims start in order; one that does not fit holds up all behind it.
#pragma once

#include "sched/queue.h"

namespace aion::sched {

class StrictQueue final : public Queue {
 public:
  StrictQueue(const Policy& policy, Books& books) : order_(policy.order), books_(books) {}

  void add(ClaimId claim) override {
    waiting_.insert(waiting_entry(books_.at(claim), claim, order_));
  }
  void remove(ClaimId claim) override {
    waiting_.erase(waiting_entry(books_.at(claim), claim, order_));
  }
  void released(ClaimId /*claim*/, Ticks /*now*/) override {}
  void disturbed(Ticks /*now*/) override {}
  void decide(Ticks now, std::vector<Decision>& out) override;
  void walk(const std::function<bool(ClaimId)>& see) const override { walk_all(waiting_, see); }
  [[nodiscard]] std::size_t size() const override { return waiting_.size(); }
  [[nodiscard]] std::size_t position(ClaimId claim) const override {
    return waiting_.rank(waiting_entry(books_.at(claim), claim, order_));
  }

 private:
  Order order_;
  Books& books_;
  WaitingList waiting_;
};

}  // namespace aion::sched
