#include "sched/share/usage_history.h"

#include <algorithm>
#include <cmath>

#include "base/assert.h"
#include "base/portable_math.h"

namespace aion::sched {

namespace {

constexpr double kLogOfTwo = 0.693147180559945309417;

// Beyond so many half-lives the numbers would become too large.
constexpr Ticks kFarthest = 512;

}  // namespace

double UsageHistory::growth(Ticks now) const {
  const Ticks passed = now - origin_;
  const Ticks whole = passed / half_life_;
  const Ticks rest = passed % half_life_;
  const double part =
      portable_exp(kLogOfTwo * static_cast<double>(rest) / static_cast<double>(half_life_));
  return std::ldexp(part, static_cast<int>(whole));  // exact
}

void UsageHistory::advance(Ticks now) {
  const Ticks halvings = (now - origin_) / half_life_;
  if (halvings < kFarthest) {
    return;
  }
  for (auto& [number, user] : users_) {
    user.seen = std::ldexp(user.seen, -static_cast<int>(std::min<Ticks>(halvings, 4 * kFarthest)));
  }
  origin_ += halvings * half_life_;
  has_moved_ = true;
}

void UsageHistory::set_weight(std::int32_t user, double weight) {
  AION_ASSERT(weight > 0);
  users_[user].weight = weight;
}

void UsageHistory::charge(std::int32_t user, double amount, Ticks now) {
  User& charged = users_[user];
  charged.seen = std::max(0.0, charged.seen + amount * growth(now));
}

double UsageHistory::key(std::int32_t user) const {
  const auto found = users_.find(user);
  return found == users_.end() ? 0 : found->second.seen / found->second.weight;
}

double UsageHistory::usage(std::int32_t user, Ticks now) const {
  return key(user) / growth(now);
}

bool UsageHistory::has_moved() {
  const bool has = has_moved_;
  has_moved_ = false;
  return has;
}

}  // namespace aion::sched
