#include "sched/share/usage_history.h"

#include <gtest/gtest.h>

namespace aion::sched {
namespace {

constexpr Ticks kDay = 86'400;

TEST(UsageHistory, ForgetsHalfInAHalfLife) {
  UsageHistory history(kDay);
  history.charge(1, 1000, 0);

  EXPECT_NEAR(history.usage(1, kDay), 500, 1e-9);
  EXPECT_NEAR(history.usage(1, 3 * kDay), 125, 1e-9);
  EXPECT_NEAR(history.usage(1, kDay / 2), 1000 / 1.4142135623730951, 1e-9);
}

TEST(UsageHistory, KeepsItsOrderWhileTimePasses) {
  UsageHistory history(kDay);
  history.charge(1, 1000, 0);
  history.charge(2, 600, kDay);

  EXPECT_LT(history.key(1), history.key(2)) << "what was used a day ago counts half";
  EXPECT_LT(history.usage(1, 9 * kDay), history.usage(2, 9 * kDay));
  EXPECT_EQ(history.key(3), 0);
}

TEST(UsageHistory, DividesByTheWeight) {
  UsageHistory history(kDay);
  history.set_weight(1, 4);
  history.charge(1, 1000, 0);
  history.charge(2, 500, 0);

  EXPECT_LT(history.key(1), history.key(2));
}

TEST(UsageHistory, TakesBackWhatWasTooMuch) {
  UsageHistory history(kDay);
  history.charge(1, 1000, 0);
  history.charge(1, -400, 0);
  EXPECT_NEAR(history.usage(1, 0), 600, 1e-9);

  history.charge(1, -1e9, 0);
  EXPECT_EQ(history.key(1), 0);
}

TEST(UsageHistory, TakesBackAtTheTimeOfTheChargeToTheLastBit) {
  UsageHistory history(kDay);
  history.charge(1, 640, 10);
  const double before = history.key(1);
  history.charge(1, 4096, 20);

  history.charge(1, -4096, 20);

  EXPECT_NEAR(history.key(1), before, 1e-9 * before);
}

TEST(UsageHistory, GoesOnForCenturies) {
  UsageHistory history(kDay);
  history.charge(1, 1000, 0);
  history.charge(2, 1000, kDay);
  EXPECT_FALSE(history.has_moved());
  for (Ticks day = 2; day < 200'000; day += 100) {
    history.advance(day * kDay);
    history.charge(3, 1, day * kDay);
  }

  EXPECT_TRUE(history.has_moved());
  EXPECT_FALSE(history.has_moved());
  EXPECT_LE(history.key(1), history.key(2));
  EXPECT_NEAR(history.usage(3, 199'902 * kDay), 1, 0.1);
}

}  // namespace
}  // namespace aion::sched
