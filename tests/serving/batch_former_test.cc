#include "serving/batch_former.h"

#include <gtest/gtest.h>

namespace aion::serving {
namespace {

using std::chrono::microseconds;

const TimePoint kStart{std::chrono::seconds(1)};

struct Case {
  std::vector<std::uint64_t> rows;
  BatchRule rule;
  bool is_closed = false;
  Duration waited{0};
};

BatchDecision decide(const Case& of) {
  return form_batch({of.rows, of.is_closed, kStart}, of.rule, kStart + of.waited);
}

TEST(BatchFormer, TakesAllThatFitWhenNothingIsToBeWaitedFor) {
  EXPECT_EQ(decide({{1, 1, 1}, {8, {}, {}}}).requests, 3U);
  EXPECT_EQ(decide({{1, 4, 4}, {8, {}, {}}}).requests, 2U);
  EXPECT_EQ(decide({{1, 1}, {1, {}, {}}}).requests, 1U);
}

TEST(BatchFormer, LetsARequestThatIsLargerThanTheLimitGoAlone) {
  EXPECT_EQ(decide({{9, 1}, {8, {}, {}}}).requests, 1U);
}

TEST(BatchFormer, WaitsForMoreUntilTheDelayOfTheOldestIsOver) {
  const BatchRule rule{8, {}, microseconds{100}};

  const auto early = decide({{1, 1}, rule, false, microseconds{99}});

  EXPECT_EQ(early.requests, 0U);
  EXPECT_EQ(early.look_again, kStart + microseconds{100});
  EXPECT_EQ(decide({{1, 1}, rule, false, microseconds{100}}).requests, 2U);
}

TEST(BatchFormer, DoesNotWaitWhenNothingCanBeAdded) {
  const BatchRule rule{4, {}, microseconds{100}};

  EXPECT_EQ(decide({{2, 2}, rule}).requests, 2U);        // full
  EXPECT_EQ(decide({{2, 1, 2}, rule}).requests, 2U);     // the next is too large
  EXPECT_EQ(decide({{1, 1}, rule, true}).requests, 2U);  // the next is of another shape
}

TEST(BatchFormer, FormsTheLargestPreferredSizeThatItCan) {
  const BatchRule rule{16, {2, 4}, microseconds{100}};

  EXPECT_EQ(decide({{1}, rule}).requests, 0U);
  EXPECT_EQ(decide({{1, 1}, rule}).requests, 2U);
  EXPECT_EQ(decide({{1, 1, 1}, rule}).requests, 2U);
  EXPECT_EQ(decide({{1, 1, 1, 1, 1}, rule}).requests, 4U);
}

TEST(BatchFormer, LetsMoreThanTheLargestPreferredSizeGoAtOnce) {
  EXPECT_EQ(decide({{3, 3}, {16, {4}, microseconds{100}}}).requests, 2U);
}

TEST(BatchFormer, SendsWhatIsThereWhenTheDelayIsOverThoughASizeIsPreferred) {
  EXPECT_EQ(decide({{1, 1, 1}, {16, {2}, microseconds{100}}, false, microseconds{100}}).requests,
            3U);
}

}  // namespace
}  // namespace aion::serving
