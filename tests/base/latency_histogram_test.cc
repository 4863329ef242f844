#include "base/latency_histogram.h"

#include <gtest/gtest.h>

namespace aion {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::nanoseconds;

TEST(LatencyHistogram, HasNothingToTellAtFirst) {
  const LatencyHistogram histogram;

  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.at_quantile(0.5), nanoseconds(0));
  EXPECT_EQ(histogram.min(), nanoseconds(0));
  EXPECT_EQ(histogram.mean(), nanoseconds(0));
}

TEST(LatencyHistogram, KnowsSmallValuesExactly) {
  LatencyHistogram histogram;
  for (int i = 1; i <= 100; ++i) {
    histogram.record(nanoseconds(i));
  }

  EXPECT_EQ(histogram.at_quantile(0.5), nanoseconds(50));
  EXPECT_EQ(histogram.at_quantile(0.99), nanoseconds(99));
  EXPECT_EQ(histogram.at_quantile(1.0), nanoseconds(100));
  EXPECT_EQ(histogram.at_quantile(0.0), nanoseconds(1));
  EXPECT_EQ(histogram.mean(), nanoseconds(50));
}

TEST(LatencyHistogram, KnowsLargeValuesToATenthOfAPercent) {
  LatencyHistogram histogram;
  histogram.record(nanoseconds(123'456'789));
  histogram.record(hours(1));

  EXPECT_GE(histogram.at_quantile(0.5), nanoseconds(123'456'789));
  EXPECT_LE(histogram.at_quantile(0.5), nanoseconds(123'580'245));
  EXPECT_EQ(histogram.at_quantile(1.0), hours(1));
}

TEST(LatencyHistogram, PutsTheEdgesOfPowersOfTwoIntoTheirOwnBuckets) {
  LatencyHistogram histogram;
  histogram.record(nanoseconds(2047));
  histogram.record(nanoseconds(2048));
  histogram.record(nanoseconds(4095));
  histogram.record(nanoseconds(4096));

  EXPECT_EQ(histogram.at_quantile(0.25), nanoseconds(2047));
  EXPECT_EQ(histogram.at_quantile(0.50), nanoseconds(2049));
  EXPECT_EQ(histogram.at_quantile(0.75), nanoseconds(4095));
  EXPECT_EQ(histogram.at_quantile(1.0), nanoseconds(4096));
}

TEST(LatencyHistogram, TakesValuesBeyondItsRangeAsTheNearest) {
  LatencyHistogram histogram;
  histogram.record(nanoseconds(-5));
  histogram.record(hours(5));

  EXPECT_EQ(histogram.min(), nanoseconds(0));
  EXPECT_EQ(histogram.max(), hours(1));
}

TEST(LatencyHistogram, AddsAnother) {
  LatencyHistogram one;
  LatencyHistogram other;
  one.record(nanoseconds(10));
  other.record(microseconds(1));
  other.record(nanoseconds(4));

  one.add(other);

  EXPECT_EQ(one.count(), 3U);
  EXPECT_EQ(one.min(), nanoseconds(4));
  EXPECT_EQ(one.at_quantile(0.5), nanoseconds(10));
  EXPECT_EQ(one.max(), microseconds(1));
}

}  // namespace
}  // namespace aion
