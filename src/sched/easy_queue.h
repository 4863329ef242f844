// EASY backfilling: the first claim that does not fit gets a reservation, and others may start when
// they do not delay it.
#pragma once

#include "sched/backfill_room.h"
#include "sched/queue.h"

namespace aion::sched {

/// The head's reservation is the shadow time: when enough will be free if all that runs ends when
/// it is believed to. A later claim starts when it ends by then, or fits in what the head will
/// leave over (Lifka 1995). Later claims are tried in an order of their own: by length it is
/// EASY-SJBF (Tsafrir, Etsion, Feitelson 2007).
class EasyQueue final : public Queue {
 public:
  EasyQueue(const Policy& policy, Books& books)
      : order_(policy.order),
        backfill_(policy.backfill),
        has_one_order_(order_ == backfill_),
        books_(books) {}

  void add(ClaimId claim) override {
    fresh_.push_back(waiting_entry(books_.at(claim), claim, backfill_));
  }
  void remove(ClaimId claim) override;
  void released(ClaimId /*claim*/, Ticks /*now*/) override { is_shadow_known_ = false; }
  void disturbed(Ticks /*now*/) override { is_shadow_known_ = false; }
  void decide(Ticks now, std::vector<Decision>& out) override;
  void walk(const std::function<bool(ClaimId)>& see) const override { walk_all(by_order_, see); }
  [[nodiscard]] std::size_t size() const override { return by_order_.size() + fresh_.size(); }
  [[nodiscard]] std::size_t position(ClaimId claim) const override {
    return by_order_.rank(ordered(claim));
  }

 private:
  [[nodiscard]] WaitingEntry ordered(ClaimId claim) const {
    return waiting_entry(books_.at(claim), claim, order_);
  }
  [[nodiscard]] WaitingEntry backfilled(ClaimId claim) const {
    return waiting_entry(books_.at(claim), claim, backfill_);
  }
  [[nodiscard]] WaitingList& candidates() { return has_one_order_ ? by_order_ : by_backfill_; }
  void insert(const WaitingEntry& entry);
  void take_in_fresh(Ticks now, std::vector<Decision>& out);
  void start_from_head(Ticks now, std::vector<Decision>& out);
  bool backfill(const WaitingEntry& entry, Ticks now, std::vector<Decision>& out);

  Order order_;
  Order backfill_;
  bool has_one_order_;
  Books& books_;
  WaitingList by_order_;
  WaitingList by_backfill_;          // the same claims, unless one order serves for both
  std::vector<WaitingEntry> fresh_;  // by the order of backfilling; came since the last decision
  bool is_shadow_known_ = false;     // and none of the older claims can start
  BackfillRoom room_;
};

}  // namespace aion::sched
