#include "sched/runtime_predictor.h"

#include <algorithm>

namespace aion::sched {
namespace {

constexpr Ticks kFirstStep = 900;

}  // namespace

Ticks RuntimePredictor::predict(const Claim& claim) const {
  const auto found = by_user_.find(claim.user);
  if (found == by_user_.end() || found->second.count < 2) {
    return claim.request;
  }
  const auto& last = found->second.last;
  return std::clamp<Ticks>((last[0] + last[1]) / 2, 1, claim.request);
}

Ticks RuntimePredictor::correct(const Claim& claim, Ticks ran) {
  Ticks grown = kFirstStep;
  while (grown <= ran) {
    grown *= 2;
  }
  return ran < claim.request ? std::min(grown, claim.request) : ran + kFirstStep;
}

void RuntimePredictor::learn(const Claim& claim, Ticks ran) {
  if (claim.user < 0) {
    return;
  }
  History& history = by_user_[claim.user];
  history.last = {history.last[1], std::max<Ticks>(1, ran)};
  history.count = std::min(history.count + 1, 2U);
}

}  // namespace aion::sched
