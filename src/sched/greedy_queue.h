// Claims are tried in order, and whatever fits starts: list scheduling (Graham 1966). Large claims
// may starve.
#pragma once

#include "sched/queue.h"

namespace aion::sched {

class GreedyQueue final : public Queue {
 public:
  GreedyQueue(const Policy& policy, Books& books) : order_(policy.order), books_(books) {}

  void add(ClaimId claim) override {
    fresh_.push_back(waiting_entry(books_.at(claim), claim, order_));
  }
  void remove(ClaimId claim) override;
  void released(ClaimId /*claim*/, Ticks /*now*/) override { may_more_fit_ = true; }
  void disturbed(Ticks /*now*/) override { may_more_fit_ = true; }
  void decide(Ticks now, std::vector<Decision>& out) override;
  void walk(const std::function<bool(ClaimId)>& see) const override { walk_all(waiting_, see); }
  [[nodiscard]] std::size_t size() const override { return waiting_.size() + fresh_.size(); }
  [[nodiscard]] std::size_t position(ClaimId claim) const override {
    return waiting_.rank(waiting_entry(books_.at(claim), claim, order_));
  }

 private:
  Order order_;
  Books& books_;
  WaitingList waiting_;              // none of them fits, unless something was given back
  std::vector<WaitingEntry> fresh_;  // came since the last decision
  bool may_more_fit_ = false;
};

}  // namespace aion::sched
