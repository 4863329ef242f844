#include "serving/statistics.h"

#include <gtest/gtest.h>

namespace aion::serving {
namespace {

using std::chrono::nanoseconds;

RequestTimes times(std::uint64_t batch_size) {
  return {nanoseconds{1}, nanoseconds{20}, nanoseconds{300}, nanoseconds{4'000}, batch_size};
}

TEST(Statistics, AreZeroBeforeTheFirstRequest) {
  const Statistics statistics;

  const auto now = statistics.snapshot();

  EXPECT_EQ(now.last_inference_ms, 0U);
  EXPECT_EQ(now.success.count, 0U);
  EXPECT_TRUE(now.batches.empty());
}

TEST(Statistics, CountRowsAndRunsAndTheTimeOfEveryStage) {
  Statistics statistics;

  statistics.succeeded(times(8));
  statistics.succeeded(times(2));
  statistics.executed(10, nanoseconds{300});

  const auto now = statistics.snapshot();
  EXPECT_EQ(now.inference_count, 10U);
  EXPECT_EQ(now.execution_count, 1U);
  EXPECT_EQ(statistics.executions(), 1U);
  EXPECT_GT(now.last_inference_ms, 0U);
  EXPECT_EQ(now.queue.ns, 2U);
  EXPECT_EQ(now.compute_input.ns, 40U);
  EXPECT_EQ(now.compute_infer.ns, 600U);
  EXPECT_EQ(now.compute_output.ns, 8'000U);
  EXPECT_EQ(now.success.count, 2U);
  EXPECT_EQ(now.success.ns, 8'642U);
  EXPECT_EQ(statistics.total().total_ns(), 8'642U);
}

TEST(Statistics, TellBatchSizesApartAboveAndBelowTheOnesWithoutALock) {
  Statistics statistics;

  statistics.executed(64, nanoseconds{300});
  statistics.executed(65, nanoseconds{300});
  statistics.executed(65, nanoseconds{300});

  const auto now = statistics.snapshot();
  ASSERT_EQ(now.batches.size(), 2U);
  EXPECT_EQ(now.batches.at(64).count, 1U);
  EXPECT_EQ(now.batches.at(65).count, 2U);
  EXPECT_EQ(now.batches.at(65).ns, 600U);
}

TEST(Statistics, DoNotGrowWithoutBoundByTheSizesThatClientsChoose) {
  Statistics statistics;

  for (std::uint64_t size = 1'000; size < 3'000; ++size) {
    statistics.executed(size, nanoseconds{300});
  }

  const auto now = statistics.snapshot();
  EXPECT_EQ(now.batches.size(), 1'000U);
  EXPECT_EQ(now.execution_count, 2'000U);
}

TEST(Statistics, CountFailuresByTheirReason) {
  Statistics statistics;

  statistics.failed(FailureReason::Rejected, nanoseconds{5});
  statistics.failed(FailureReason::Backend, nanoseconds{7});
  statistics.failed(FailureReason::Backend, nanoseconds{-1});  // a clock that two threads read

  const auto now = statistics.snapshot();
  EXPECT_EQ(now.failures[static_cast<std::size_t>(FailureReason::Rejected)], 1U);
  EXPECT_EQ(now.failures[static_cast<std::size_t>(FailureReason::Cancelled)], 0U);
  EXPECT_EQ(now.failures[static_cast<std::size_t>(FailureReason::Backend)], 2U);
  EXPECT_EQ(now.fail.count, 3U);
  EXPECT_EQ(now.fail.ns, 12U);
  EXPECT_EQ(now.success.count, 0U);
}

TEST(Statistics, KeepTheResponsesOfEachIndexApartUpToABound) {
  Statistics statistics;

  statistics.responded(0, ResponseEnd::Success, nanoseconds{3});
  statistics.responded(1, ResponseEnd::Empty, nanoseconds{5});
  statistics.responded(5'000, ResponseEnd::Fail, nanoseconds{7});
  statistics.responded(6'000, ResponseEnd::Cancel, nanoseconds{9});

  const auto now = statistics.snapshot();
  ASSERT_EQ(now.responses.size(), 3U);
  EXPECT_EQ(now.responses.at(0).success.ns, 3U);
  EXPECT_EQ(now.responses.at(0).compute_infer.count, 1U);
  EXPECT_EQ(now.responses.at(1).empty.count, 1U);
  EXPECT_EQ(now.responses.at(1).success.count, 0U);
  EXPECT_EQ(now.responses.at(1'000).fail.ns, 7U);
  EXPECT_EQ(now.responses.at(1'000).cancel.ns, 9U);
}

}  // namespace
}  // namespace aion::serving
