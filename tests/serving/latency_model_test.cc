#include "serving/latency_model.h"

#include <gtest/gtest.h>

namespace aion::serving {
namespace {

using std::chrono::microseconds;

TEST(LatencyModel, KnowsNothingBeforeItHasSeenARun) {
  const LatencyModel model;

  EXPECT_EQ(model.usual(1), Duration{0});
}

TEST(LatencyModel, FindsTheLineThroughRunsOfDifferentSizes) {
  LatencyModel model;
  for (int i = 0; i < 20; ++i) {
    model.observe(1, microseconds(1150));
    model.observe(4, microseconds(2200));
  }

  EXPECT_NEAR(model.line().alpha, 800e3, 1e3);
  EXPECT_NEAR(model.line().beta, 350e3, 1e3);
  EXPECT_NEAR(static_cast<double>(model.usual(16).count()), 6400e3, 10e3);
}

TEST(LatencyModel, IsNotMovedMuchByARunThatWasHeldUp) {
  LatencyModel model;
  for (int i = 0; i < 50; ++i) {
    model.observe(1, microseconds(1000));
  }

  model.observe(1, std::chrono::seconds(1));

  EXPECT_LE(model.usual(1), microseconds(1011));
}

TEST(LatencyModel, FollowsAModelThatHasBecomeSlower) {
  LatencyModel model;
  for (int i = 0; i < 100; ++i) {
    model.observe(1, microseconds(1000));
  }

  for (int i = 0; i < 100; ++i) {
    model.observe(1, microseconds(2000));
  }

  EXPECT_NEAR(static_cast<double>(model.usual(1).count()), 2000e3, 40e3);
}

TEST(LatencyModel, ExceedsItsP99OnceInAHundredRuns) {
  LatencyModel model;
  int beyond = 0;
  for (int i = 0; i < 4000; ++i) {
    // 0 to 30 % above 1 ms, evenly, in a fixed order that looks like none.
    const microseconds run{1000 + (i * 7919 % 1009) * 300 / 1009};
    beyond += i >= 2000 && run > model.p99(1) ? 1 : 0;
    model.observe(1, run);
  }

  EXPECT_GE(beyond, 5);
  EXPECT_LE(beyond, 60);
}

}  // namespace
}  // namespace aion::serving
