// Fair shares: the user who has had the least goes first.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "sched/queue.h"
#include "sched/share/usage_history.h"

namespace aion::sched {

/// Users are served by what they have, the least first, each one's claims in order of submission.
/// With a half-life in the policy that is what they have used of late (fair share); without one it
/// is what they hold now, which on a machine of one kind of resource is dominant resource fairness.
/// The first claim that does not fit gets a reservation, which it keeps until it starts, and others
/// start where they do not delay it, as in EASY. A claim that has waited for a day and a half
/// (129,600 ticks) goes before all that came after it, so none starves.
///
/// A decision is O(waiting) where not everything fits.
class ShareQueue final : public Queue {
 public:
  ShareQueue(const Policy& policy, Books& books)
      : half_life_(policy.half_life),
        history_(std::max<Ticks>(policy.half_life, 1)),
        books_(books) {}

  void add(ClaimId claim) override;
  void remove(ClaimId claim) override;
  void released(ClaimId claim, Ticks now) override;
  void adopt(ClaimId claim, Ticks now) override;
  void disturbed(Ticks /*now*/) override { is_settled_ = false; }
  void decide(Ticks now, std::vector<Decision>& out) override;
  void walk(const std::function<bool(ClaimId)>& see) const override;
  [[nodiscard]] std::size_t size() const override { return by_number_.size(); }
  [[nodiscard]] std::size_t position(ClaimId claim) const override;

 private:
  using Place = std::pair<std::uint64_t, ClaimId>;  // in order of submission
  struct User {
    std::set<Place> waiting;
    std::int64_t held = 0;  // processors
  };
  /// Its key, and the number of its first claim: of equal users the one who has waited longest.
  struct Standing {
    double key;
    std::uint64_t number;
    std::int32_t user;
    auto operator<=>(const Standing&) const = default;
  };

  [[nodiscard]] std::int32_t user_of(ClaimId claim) const { return books_.at(claim).claim.user; }
  [[nodiscard]] Place place_of(ClaimId claim) const { return {books_.at(claim).number, claim}; }
  [[nodiscard]] double key_of(std::int32_t user) const;
  void leave_order(std::int32_t user);
  void enter_order(std::int32_t user);
  void drop(ClaimId claim);
  void hold(ClaimId claim, Ticks now);
  void begin(ClaimId claim, Ticks now, std::vector<Decision>& out);
  [[nodiscard]] ClaimId head(Ticks now) const;
  void backfill(Ticks now, std::vector<Decision>& out);

  Ticks half_life_;
  UsageHistory history_;
  Books& books_;
  std::map<std::int32_t, User> users_;           // those who wait or hold something
  std::set<Standing> order_;                     // those who wait
  std::set<Place> by_number_;                    // all that waits
  std::optional<ClaimId> reserved_;              // goes before all others
  std::unordered_map<ClaimId, double> charged_;  // of what runs, where usage is remembered
  bool is_settled_ = false;                      // nothing has changed since the last decision
};

}  // namespace aion::sched
