// Claims that run are stopped for others that go before them.
#pragma once

#include "sched/queue.h"

namespace aion::sched {

/// At each decision all claims, waiting and running, are gone through in order, and whatever fits
/// has the machine; what ran and has no place is stopped. A claim that was stopped counts the cost
/// of its restart as part of its remaining time. What stands in the way of a window is stopped when
/// the window begins.
class PreemptiveQueue final : public Queue {
 public:
  PreemptiveQueue(const Policy& policy, Books& books) : policy_(policy), books_(books) {}

  void add(ClaimId claim) override;
  void remove(ClaimId claim) override { waiting_.erase(entry_of(claim)); }
  void released(ClaimId claim, Ticks now) override;
  void disturbed(Ticks /*now*/) override {}
  void adopt(ClaimId claim, Ticks now) override;
  void decide(Ticks now, std::vector<Decision>& out) override;
  [[nodiscard]] Ticks wake_at() const override { return wake_at_; }
  void walk(const std::function<bool(ClaimId)>& see) const override { walk_all(waiting_, see); }
  [[nodiscard]] std::size_t size() const override { return waiting_.size(); }
  [[nodiscard]] std::size_t position(ClaimId claim) const override {
    return waiting_.rank(entry_of(claim));
  }

 private:
  [[nodiscard]] WaitingEntry entry_of(ClaimId claim) const;
  [[nodiscard]] WaitingEntry running_entry(ClaimId claim, Ticks now) const;
  void refresh(Ticks now);
  void choose(Ticks now);
  void stop(ClaimId claim, Ticks now, std::vector<Decision>& out);

  Policy policy_;
  Books& books_;
  WaitingList waiting_;
  std::vector<WaitingEntry> running_;  // as they stood at the last decision, nearly in order; may
                                       // name some that have ended
  std::vector<ClaimId> to_start_;
  std::vector<ClaimId> to_stop_;
  Ticks wake_at_ = kNever;
};

}  // namespace aion::sched
