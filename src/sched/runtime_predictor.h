// How long a claim will run, learned from how long its user's last claims ran.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>

#include "sched/policy/claim.h"

namespace aion::sched {

/// Two predictions from the same history, neither ever more than was requested. Claims whose user
/// is not told share one history. Memory: one entry for each user that was ever seen. Not
/// thread-safe.
class RuntimePredictor {
 public:
  /// The mean of the user's last two runtimes; a user without two finished claims is believed
  /// (Tsafrir, Etsion, Feitelson, IEEE TPDS 2007).
  [[nodiscard]] Ticks predict(const Claim& claim) const;

  /// The request, moved a quarter of the way (of logarithms) to what the user's claims have used of
  /// theirs. A whole way ranks worse: what users ask for tells more of one claim than the claims
  /// before it do. A new user counts as all users together.
  [[nodiscard]] Ticks temper(const Claim& claim) const;

  /// What to believe of a claim that has run for `ran` >= its prediction: the prediction grows by
  /// steps that double, up to the request; beyond the request, where the driver lets a claim run
  /// on, by the first of them.
  [[nodiscard]] static Ticks correct(const Claim& claim, Ticks ran);

  /// A claim of the user has ended after `ran`.
  void learn(const Claim& claim, Ticks ran);

 private:
  struct History {
    std::array<Ticks, 2> last{};
    std::uint32_t count = 0;  // of finished claims, as far as two
    double log_usage = 0;     // mean logarithm of runtime / request; recent claims count more
  };

  std::unordered_map<std::int32_t, History> by_user_;
  double log_usage_ = 0;  // of all users
};

}  // namespace aion::sched
