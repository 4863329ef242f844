#include "sched/runtime_predictor.h"

#include <algorithm>
#include <cmath>

namespace aion::sched {
namespace {

constexpr Ticks kFirstStep = 900;

// Below this all claims are alike: a start that fails at once says nothing of how long the next
// will run.
constexpr Ticks kShortest = 10;

// How much one claim counts in the mean of its user, and in that of all users. The quality of the
// default policy hardly moves for shares of a user between 0.1 and 0.3 and ways between 0.2 and
// 0.35.
constexpr double kShareOfUser = 0.2;
constexpr double kShareOfAll = 0.01;
constexpr double kWay = 0.25;

double log_of(Ticks time) {
  return std::log(static_cast<double>(std::max(kShortest, time)));
}

}  // namespace

Ticks RuntimePredictor::predict(const Claim& claim) const {
  const auto found = by_user_.find(claim.user);
  if (found == by_user_.end() || found->second.count < 2) {
    return claim.request;
  }
  const auto& last = found->second.last;
  return std::clamp<Ticks>((last[0] + last[1]) / 2, 1, claim.request);
}

Ticks RuntimePredictor::temper(const Claim& claim) const {
  const auto found = by_user_.find(claim.user);
  const double log_usage = found == by_user_.end() ? log_usage_ : found->second.log_usage;
  const double tempered =
      static_cast<double>(claim.request) * std::exp(kWay * std::min(0.0, log_usage));
  return std::clamp<Ticks>(static_cast<Ticks>(tempered), 1, claim.request);
}

Ticks RuntimePredictor::correct(const Claim& claim, Ticks ran) {
  Ticks grown = kFirstStep;
  while (grown <= ran) {
    grown *= 2;
  }
  return ran < claim.request ? std::min(grown, claim.request) : ran + kFirstStep;
}

void RuntimePredictor::learn(const Claim& claim, Ticks ran) {
  const double log_usage = log_of(ran) - log_of(claim.request);
  log_usage_ += kShareOfAll * (log_usage - log_usage_);
  History& history = by_user_[claim.user];
  history.log_usage += (history.count == 0 ? 1.0 : kShareOfUser) * (log_usage - history.log_usage);
  history.last = {history.last[1], std::max<Ticks>(1, ran)};
  history.count = std::min(history.count + 1, 2U);
}

}  // namespace aion::sched
