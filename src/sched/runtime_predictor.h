// How long a claim will run, learned from how long its user's last claims ran.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>

#include "sched/policy/claim.h"

namespace aion::sched {

/// Predicts the mean of the last two runtimes of the same user, never more than was requested; a
/// user without two finished claims is believed (Tsafrir, Etsion, Feitelson, IEEE TPDS 2007).
/// Memory: one entry for each user that was ever seen.
///
/// Not thread-safe.
class RuntimePredictor {
 public:
  /// In [1, claim.request].
  [[nodiscard]] Ticks predict(const Claim& claim) const;

  /// What to believe of a claim that has run for `ran` >= its prediction: the prediction grows by
  /// steps that double, up to the request; beyond the request, where the driver lets a claim run
  /// on, by the last of them.
  [[nodiscard]] static Ticks correct(const Claim& claim, Ticks ran);

  /// A claim of the user has ended after `ran`.
  void learn(const Claim& claim, Ticks ran);

 private:
  struct History {
    std::array<Ticks, 2> last{};
    std::uint32_t count = 0;
  };

  std::unordered_map<std::int32_t, History> by_user_;
};

}  // namespace aion::sched
