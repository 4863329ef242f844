// Who has used how much of late: what fair share goes by.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "sched/policy/claim.h"

namespace aion::sched {

/// Usage that is forgotten by half in each half-life, per user, divided by what the user is to
/// have. All usage fades alike, so the order of users changes only when somebody uses something:
/// what is kept is usage as seen from a fixed time, to which later usage counts for more
/// (2^(t/half-life)), and an index by it holds for as long as nobody is charged. The same bits on
/// every machine.
///
/// Not thread-safe. Memory: one number a user.
class UsageHistory {
 public:
  /// half_life > 0, in ticks
  explicit UsageHistory(Ticks half_life) : half_life_(half_life) {}

  /// What the user is to have beside the others; > 0, 1 unless said.
  void set_weight(std::int32_t user, double weight);

  /// It is `now`. To be told before what happens then is charged, at the latest 512 half-lives
  /// after the last time; then the time from which usage is seen may move.
  void advance(Ticks now);

  /// The user has used `amount` (processor ticks) around `now`; negative when it was charged too
  /// much before.
  void charge(std::int32_t user, double amount, Ticks now);

  /// By which users are put in order, the least first: usage for its weight, as seen from a time
  /// that is the same for all users. 0 for one that has used nothing.
  [[nodiscard]] double key(std::int32_t user) const;

  /// The same as it is left at `now`.
  [[nodiscard]] double usage(std::int32_t user, Ticks now) const;

  /// Whether advance() has moved the time from which usage is seen since the last call: then every
  /// key has been divided by the same power of two, and an index by keys has to be made anew.
  /// Rarely.
  [[nodiscard]] bool has_moved();

 private:
  [[nodiscard]] double growth(Ticks now) const;

  struct User {
    double seen = 0;
    double weight = 1;
  };
  Ticks half_life_;
  Ticks origin_ = 0;
  bool has_moved_ = false;
  std::unordered_map<std::int32_t, User> users_;
};

}  // namespace aion::sched
