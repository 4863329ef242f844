#include "serving/batch_limit.h"

#include <algorithm>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

namespace aion::serving {
namespace {

using std::chrono::microseconds;
using Kind = BatchLimit::Kind;
using Trust = BatchLimit::Trust;

/// A run takes `fixed`, and `per_row` more for each row.
std::function<Duration(std::uint64_t)> linear(Duration fixed, Duration per_row) {
  return [=](std::uint64_t rows) {
    return fixed + per_row * static_cast<Duration::rep>(rows);
  };
}

/// Serves until the limit has settled: every run has as many rows as it allows.
std::uint64_t settle(BatchLimit& limit, const std::function<Duration(std::uint64_t)>& cost) {
  EXPECT_TRUE(limit.begin_proof());
  limit.end_proof(Trust::Proved);
  std::uint64_t rows = 1;
  for (int i = 0; i < 200; ++i) {
    limit.observe(rows, {cost(rows), cost(rows)});
    rows = limit.rows();
  }
  std::uint64_t usual = limit.rows();
  return std::min(usual, limit.rows());  // one of two may be a try of a larger size
}

TEST(BatchLimit, OfAConfigurationHoldsFromTheStart) {
  BatchLimit limit(Kind::Fixed, 8);

  EXPECT_EQ(limit.rows(), 8U);
  EXPECT_EQ(limit.trust(), Trust::Proved);
}

TEST(BatchLimit, IsOneUntilJoiningIsProved) {
  BatchLimit limit(Kind::Learned, 64);

  EXPECT_EQ(limit.rows(), 1U);
  EXPECT_TRUE(limit.begin_proof());
  EXPECT_FALSE(limit.begin_proof());
  limit.end_proof(Trust::Unfit);
  EXPECT_EQ(limit.rows(), 1U);
  EXPECT_FALSE(limit.begin_proof());
}

TEST(BatchLimit, GrowsWhileARowBecomesCheaper) {
  BatchLimit limit(Kind::Learned, 64);

  EXPECT_EQ(settle(limit, linear(microseconds{300}, microseconds{5})), 64U);
}

TEST(BatchLimit, StaysSmallWhereRowsDoNotBecomeCheaper) {
  BatchLimit limit(Kind::Learned, 64);

  EXPECT_EQ(settle(limit, linear(microseconds{10}, microseconds{1'000})), 1U);
}

TEST(BatchLimit, StopsWhereMoreRowsPayNoMore) {
  BatchLimit limit(Kind::Learned, 64);

  const auto cost = [](std::uint64_t rows) {
    return microseconds{rows < 8 ? 300 : 50 * static_cast<int>(rows)};
  };

  EXPECT_EQ(settle(limit, cost), 8U);
}

TEST(BatchLimit, NeverExceedsTheModelsOwn) {
  BatchLimit limit(Kind::Learned, 5);

  EXPECT_LE(settle(limit, linear(microseconds{300}, microseconds{1})), 5U);
}

TEST(BatchLimit, TriesALargerSizeAgainNowAndThen) {
  BatchLimit limit(Kind::Learned, 64);
  settle(limit, linear(microseconds{10}, microseconds{1'000}));

  std::uint64_t most = 0;
  for (int i = 0; i < 64; ++i) {
    most = std::max(most, limit.rows());
  }

  EXPECT_EQ(most, 2U);
}

TEST(BatchLimit, LearnsOfRequestsWithSeveralRowsToo) {
  BatchLimit limit(Kind::Learned, 64);
  settle(limit, linear(microseconds{300}, microseconds{5}));

  EXPECT_EQ(limit.rows(3), 48U);
}

TEST(BatchLimit, TriesAProofThatShowedNothingAgainAtGrowingDistances) {
  BatchLimit limit(Kind::Learned, 64);
  std::vector<int> tried;

  for (int chance = 1; chance <= 30; ++chance) {
    if (limit.begin_proof()) {
      tried.push_back(chance);
      limit.end_proof(Trust::Unproved);
    }
  }

  EXPECT_EQ(tried, (std::vector<int>{1, 3, 7, 15}));
}

TEST(BatchLimit, JoinsNothingForAWhileAfterAFaultInABatch) {
  BatchLimit limit(Kind::Learned, 64);
  settle(limit, linear(microseconds{300}, microseconds{5}));

  limit.found_fault();

  for (int i = 0; i < 64; ++i) {
    EXPECT_EQ(limit.rows(), 1U);
  }
  EXPECT_GT(limit.rows(), 1U);
}

/// Runs of four rows, which is as many as pay, that get this part of their core.
void run_with_share(BatchLimit& limit, Duration cost, double share) {
  for (int i = 0; i < 100; ++i) {
    limit.observe(4, {std::chrono::duration_cast<Duration>(cost / share), cost});
  }
}

const auto kFourPay = [](std::uint64_t rows) {
  return microseconds{rows < 4 ? 300 : 75 * static_cast<int>(rows)};
};

TEST(BatchLimit, LetsAPartOfABatchWaitForARunWhereRunsShareTheirCores) {
  BatchLimit limit(Kind::Learned, 64);
  settle(limit, kFourPay);
  EXPECT_FALSE(limit.is_worth_waiting(3));

  run_with_share(limit, microseconds{300}, 0.7);
  EXPECT_TRUE(limit.is_worth_waiting(3));
  EXPECT_FALSE(limit.is_worth_waiting(4));

  run_with_share(limit, microseconds{300}, 1.0);
  EXPECT_FALSE(limit.is_worth_waiting(3));
}

TEST(BatchLimit, LetsNobodyWaitForALongRun) {
  BatchLimit limit(Kind::Learned, 64);
  settle(limit, [](std::uint64_t rows) { return 100 * kFourPay(rows); });

  run_with_share(limit, microseconds{30'000}, 0.5);

  EXPECT_FALSE(limit.is_worth_waiting(1));
}

TEST(BatchLimit, OfAConfigurationLetsNobodyWait) {
  BatchLimit limit(Kind::Fixed, 8);

  run_with_share(limit, microseconds{300}, 0.5);

  EXPECT_FALSE(limit.is_worth_waiting(1));
}

TEST(BatchLimit, OfAConfigurationHoldsThoughTheModelGaveOtherRows) {
  BatchLimit limit(Kind::Fixed, 8);

  limit.found_misfit();

  EXPECT_EQ(limit.rows(), 8U);
}

}  // namespace
}  // namespace aion::serving
