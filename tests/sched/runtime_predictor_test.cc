#include "sched/runtime_predictor.h"

#include <gtest/gtest.h>

namespace aion::sched {
namespace {

Claim claim_of(std::int32_t user, Ticks request) {
  Claim claim;
  claim.user = user;
  claim.request = request;
  return claim;
}

TEST(RuntimePredictor, BelievesAUserWhoHasNoTwoFinishedClaims) {
  RuntimePredictor predictor;
  EXPECT_EQ(predictor.predict(claim_of(1, 500)), 500);
  predictor.learn(claim_of(1, 500), 10);
  EXPECT_EQ(predictor.predict(claim_of(1, 500)), 500);
}

TEST(RuntimePredictor, PredictsTheMeanOfTheLastTwoRunsOfTheSameUser) {
  RuntimePredictor predictor;
  for (const Ticks ran : {1000, 10, 30}) {
    predictor.learn(claim_of(1, 5000), ran);
  }
  EXPECT_EQ(predictor.predict(claim_of(1, 5000)), 20);
  EXPECT_EQ(predictor.predict(claim_of(2, 5000)), 5000);
}

TEST(RuntimePredictor, NeverPredictsMoreThanWasRequested) {
  RuntimePredictor predictor;
  predictor.learn(claim_of(1, 5000), 5000);
  predictor.learn(claim_of(1, 5000), 5000);
  EXPECT_EQ(predictor.predict(claim_of(1, 60)), 60);
  EXPECT_EQ(predictor.temper(claim_of(1, 60)), 60);
}

TEST(RuntimePredictor, TempersARequestByAQuarterOfWhatTheUserLeavesUnused) {
  RuntimePredictor predictor;
  predictor.learn(claim_of(1, 160'000), 10'000);
  EXPECT_NEAR(
      static_cast<double>(predictor.temper(claim_of(1, 16'000))), 8'000, 1);  // 16 = 2^4: half
}

TEST(RuntimePredictor, TakesANewUserForWhatAllUsersAre) {
  RuntimePredictor predictor;
  for (int i = 0; i < 2000; ++i) {
    predictor.learn(claim_of(1, 160'000), 10'000);
  }
  EXPECT_NEAR(static_cast<double>(predictor.temper(claim_of(2, 16'000))), 8'000, 1);
}

TEST(RuntimePredictor, CorrectsAPassedPredictionInStepsThatDoubleUpToTheRequest) {
  const Claim claim = claim_of(1, 5000);
  EXPECT_EQ(RuntimePredictor::correct(claim, 20), 900);
  EXPECT_EQ(RuntimePredictor::correct(claim, 900), 1800);
  EXPECT_EQ(RuntimePredictor::correct(claim, 3600), 5000);
  EXPECT_GT(RuntimePredictor::correct(claim, 6000), 6000);
}

}  // namespace
}  // namespace aion::sched
