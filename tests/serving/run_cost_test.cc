#include "serving/run_cost.h"

#include <gtest/gtest.h>

namespace aion::serving {
namespace {

using std::chrono::microseconds;

void observe(RunCost& cost, microseconds run, int times) {
  for (int i = 0; i < times; ++i) {
    cost.observe(run);
  }
}

TEST(RunCost, IsUnknownUntilEnoughRunsWereSeen) {
  RunCost cost;
  observe(cost, microseconds{20}, 7);

  EXPECT_EQ(cost.lower_quartile(), Duration{0});
  observe(cost, microseconds{20}, 1);
  EXPECT_EQ(cost.lower_quartile(), microseconds{20});
}

TEST(RunCost, FollowsWhatRunsUsuallyTake) {
  RunCost cost;
  observe(cost, microseconds{20}, 8);
  observe(cost, microseconds{100}, 1'000);

  EXPECT_NEAR(static_cast<double>(cost.lower_quartile().count()), 100'000, 5'000);
}

TEST(RunCosts, OfLargeInputsAreNotThoseOfSmallOnes) {
  RunCosts costs;
  observe(costs.of(64), microseconds{20}, 8);
  observe(costs.of(std::size_t{1} << 20U), microseconds{5'000}, 8);

  EXPECT_EQ(costs.of(100).lower_quartile(), microseconds{20});
  EXPECT_EQ(costs.of((std::size_t{1} << 20U) + 1).lower_quartile(), microseconds{5'000});
  EXPECT_EQ(costs.of(0).lower_quartile(), Duration{0});
  EXPECT_EQ(costs.of(static_cast<std::size_t>(-1)).lower_quartile(), Duration{0});
}

}  // namespace
}  // namespace aion::serving
