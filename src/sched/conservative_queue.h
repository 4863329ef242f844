// Conservative backfilling: every claim gets a reservation when it comes, and nothing ever puts it
// later.
#pragma once

#include <queue>

#include "sched/capacity_profile.h"
#include "sched/queue.h"

namespace aion::sched {

/// When a claim ends before its time, all that wait are moved, in order of arrival, to the earliest
/// time at which each fits (compression). At one instant arrivals are worked off first, then ends,
/// then starts. Windows of advance reservations go before all that waits: who was to start in one
/// that is made later is moved behind it.
class ConservativeQueue final : public Queue {
 public:
  explicit ConservativeQueue(Books& books) : books_(books), profile_(books.capacity()) {}

  void add(ClaimId claim) override { fresh_.push_back({claim, books_.at(claim).number}); }
  void remove(ClaimId claim) override;
  void released(ClaimId claim, Ticks now) override;
  void adopt(ClaimId claim, Ticks now) override;
  void window_over(Ticks /*now*/) override {}  // the profile knows it
  void window_withdrawn(const AdvanceReservation& kept, Ticks now) override;
  void disturbed(Ticks /*now*/) override { is_stale_ = true; }
  void decide(Ticks now, std::vector<Decision>& out) override;
  [[nodiscard]] Ticks wake_at() const override {
    return starts_.empty() ? kNever : starts_.top().at;
  }
  void walk(const std::function<bool(ClaimId)>& see) const override;
  [[nodiscard]] std::size_t size() const override {
    return waiting_.size() - gone_ + fresh_.size();
  }
  [[nodiscard]] std::size_t position(ClaimId claim) const override;

 private:
  struct Waiting {
    ClaimId claim;
    std::uint64_t number;  // tells a claim from a later one of the same id
  };
  struct PlannedStart {
    Ticks at;
    std::uint64_t
        made;  // reservations for the same time start in the order in which they were made
    Waiting who;

    bool operator<(const PlannedStart& other) const {
      return at != other.at ? at > other.at : made > other.made;
    }
  };
  struct Returned {
    Ticks from;
    Ticks until;
    std::int32_t processors;
  };

  [[nodiscard]] bool still_waits(const Waiting& who) const;
  void reserve(const Waiting& who, Ticks start);
  bool compress(Ticks now);
  void put_behind(Ticks time, const Waiting& who);
  void start_due(Ticks now, std::vector<Decision>& out);
  void rebuild(Ticks now);

  Books& books_;
  CapacityProfile profile_;
  std::vector<Waiting>
      waiting_;           // in order of arrival; those that started leave with the next compression
  std::size_t gone_ = 0;  // how many of them started
  std::priority_queue<PlannedStart> starts_;
  std::vector<Waiting> fresh_;
  std::vector<Returned> returned_;
  std::uint64_t plans_ = 0;
  bool may_move_ = false;  // something was given back since a compression that moved nothing
  bool is_stale_ = false;  // the profile does not tell the truth any more
};

}  // namespace aion::sched
