// Preemptive policies on training jobs with deadlines: 64 GPUs, 30 s for each restart.
#include <filesystem>

#include <gtest/gtest.h>

#include "sched/policies.h"
#include "simulate/engine.h"
#include "simulate/figures.h"
#include "tests/simulate/trace_files.h"

namespace aion::simulate {
namespace {

class OnPhilly : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto folder = testing::trace_folder();
    const std::string path = folder.value_or("") + "/philly-chronus-slo.csv.gz";
    if (!folder || !std::filesystem::exists(path)) {
      GTEST_SKIP()
          << "no traces: neither AION_TRACES nor ../shared/traces has philly-chronus-slo.csv.gz";
    }
    auto read = testing::read_philly(path, 18, 64);
    ASSERT_TRUE(read);
    trace_ = *std::move(read);
  }

  [[nodiscard]] Figures under(std::string_view name) const {
    const auto policy = sched::find_policy(name);
    EXPECT_TRUE(policy);
    const auto replayed = replay(trace_, {.policy = *policy});
    EXPECT_TRUE(replayed);
    return figures(trace_, replayed->starts, replayed->processors);
  }

  static double hits(const Figures& of) {
    return static_cast<double>(of.deadlines_met) / static_cast<double>(of.deadlines);
  }

  Trace trace_;
};

TEST_F(OnPhilly, MeetsWhatWasPublishedOfFirstComeFirstServed) {
  const Figures got = under("fcfs");
  EXPECT_NEAR(got.mean_flow, 477, 1);
  EXPECT_NEAR(hits(got), 0.638, 0.001);
}

TEST_F(OnPhilly, CompletesSoonAndInTimeWhenRuntimesAreKnown) {
  for (const std::string_view name : {"srsf", "srpt"}) {
    const Figures got = under(name);
    EXPECT_LE(got.mean_flow, 275) << name;
    EXPECT_GE(hits(got), 0.98) << name;
  }
}

TEST_F(OnPhilly, CompletesSoonAndInTimeWhenNoRuntimeIsKnown) {
  const Figures got = under("las");
  EXPECT_LE(got.mean_flow, 290);
  EXPECT_GE(hits(got), 0.98);
}

TEST_F(OnPhilly, MeetsTheMostDeadlinesByEarliestDeadlineFirst) {
  EXPECT_GE(hits(under("edf")), 0.994);
}

/// Requests must change nothing.
/// has ended.
TEST_F(OnPhilly, DecidesByAttainedServiceWithoutLookingAtRequests) {
  const auto las = sched::find_policy("las");
  ASSERT_TRUE(las);
  Trace vague = trace_;
  for (TraceJob& job : vague.jobs) {
    job.request = job.runtime * 7 + 1000;
  }

  const auto exact = replay(trace_, {.policy = *las});
  const auto blind = replay(vague, {.policy = *las});

  ASSERT_TRUE(exact && blind);
  EXPECT_EQ(exact->starts, blind->starts);
}

}  // namespace
}  // namespace aion::simulate
