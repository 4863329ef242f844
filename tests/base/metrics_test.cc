#include "base/metrics.h"

#include <numeric>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aion {
namespace {

using testing::HasSubstr;

TEST(Metrics, AreWrittenInTheTextFormatOfPrometheusInTheOrderOfTheirNames) {
  Metrics metrics;
  metrics.gauge("b_bytes", "How much").set(-3);
  metrics.counter("a_total", "How often").add(5);

  EXPECT_EQ(metrics.text(),
            "# HELP a_total How often\n"
            "# TYPE a_total counter\n"
            "a_total 5\n"
            "# HELP b_bytes How much\n"
            "# TYPE b_bytes gauge\n"
            "b_bytes -3\n");
}

TEST(Metrics, ReadAFamilyWhenSomebodyAsks) {
  Metrics metrics;
  double now = 1;
  metrics.family("up", "Seconds", MetricType::Gauge, [&] {
    return std::vector<Sample>{{{{"model", "cat"}, {"version", "1"}}, now}};
  });

  now = 2.5;

  EXPECT_THAT(metrics.text(), HasSubstr("up{model=\"cat\",version=\"1\"} 2.5\n"));
}

TEST(Metrics, EscapeWhatEndsALabel) {
  Metrics metrics;
  metrics.family("m", "M", MetricType::Gauge, [] {
    return std::vector<Sample>{{{{"name", "a\"b\\c\nd"}}, 1}};
  });

  EXPECT_THAT(metrics.text(), HasSubstr("m{name=\"a\\\"b\\\\c\\nd\"} 1\n"));
}

TEST(Metrics, LoseNoCountOfSeveralThreads) {
  Metrics metrics;
  Counter& counter = metrics.counter("a_total", "How often");
  const auto count = [&counter] {
    for (int i = 0; i < 10'000; ++i) {
      counter.add();
    }
  };
  {
    const std::jthread one(count);
    const std::jthread other(count);
  }

  EXPECT_EQ(counter.value(), 20'000U);
}

TEST(DurationHistogram, PutsADurationIntoTheFirstBucketThatHoldsIt) {
  DurationHistogram histogram;

  histogram.observe(0);
  histogram.observe(8'000);              // at the bound of the first
  histogram.observe(8'001);              // the second
  histogram.observe(16'001);             // the third
  histogram.observe(1'000'000'000'000);  // beyond all

  const auto counts = histogram.counts();
  EXPECT_EQ(counts[0], 2U);
  EXPECT_EQ(counts[1], 1U);
  EXPECT_EQ(counts[2], 1U);
  EXPECT_EQ(counts[DurationHistogram::kBuckets], 1U);
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}), 5U);
  EXPECT_DOUBLE_EQ(DurationHistogram::upper_bound_seconds(0), 8e-6);
  EXPECT_DOUBLE_EQ(DurationHistogram::upper_bound_seconds(2), 32e-6);
}

TEST(DurationHistogram, IsWrittenAsBucketsThatHoldThoseBelow) {
  Metrics metrics;
  auto histogram = std::make_shared<DurationHistogram>();
  histogram->observe(8'000);
  histogram->observe(8'001);
  histogram->observe(500'000'000'000);
  metrics.histograms("wait_seconds", "Waiting", [histogram] {
    return std::vector<HistogramSample>{{{{"model", "cat"}}, histogram}};
  });

  const std::string text = metrics.text();

  EXPECT_THAT(text, HasSubstr("# TYPE wait_seconds histogram\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_bucket{model=\"cat\",le=\"8e-06\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_bucket{model=\"cat\",le=\"1.6e-05\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_bucket{model=\"cat\",le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_sum{model=\"cat\"} 500.000016001\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_count{model=\"cat\"} 3\n"));
}

}  // namespace
}  // namespace aion
