#include "simulate/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sched/policies.h"
#include "simulate/figures.h"

namespace aion::simulate {
namespace {

sched::Policy policy(std::string_view name) {
  const auto found = sched::find_policy(name);
  EXPECT_TRUE(found) << found.error().message;
  return *found;
}

Trace trace_of(std::int32_t processors, std::vector<TraceJob> jobs) {
  Trace trace;
  trace.name = "made up";
  trace.processors = processors;
  trace.jobs = std::move(jobs);
  return trace;
}

TraceJob job(std::int64_t submit,
             std::int64_t runtime,
             std::int64_t request,
             std::int32_t processors) {
  TraceJob made;
  made.submit = submit;
  made.runtime = runtime;
  made.request = request;
  made.processors = processors;
  return made;
}

using Starts = std::vector<std::int64_t>;

TEST(Replay, RefusesATraceWithoutAMachine) {
  const auto replayed = replay(trace_of(0, {job(0, 1, 1, 1)}), {.policy = policy("fcfs")});
  ASSERT_FALSE(replayed);
  EXPECT_EQ(replayed.error().code, Code::InvalidArgument);
}

TEST(Replay, RefusesAJobThatWasNotCleanedAndNamesIt) {
  auto bad = job(0, 5, 4, 1);
  bad.id = 77;
  const auto replayed = replay(trace_of(4, {bad}), {.policy = policy("fcfs")});
  ASSERT_FALSE(replayed);
  EXPECT_THAT(replayed.error().message, ::testing::HasSubstr("job 77"));
}

TEST(Replay, TakesTheMachineOfTheOptionsAndCutsLargerJobsToIt) {
  const auto replayed = replay(trace_of(8, {job(0, 10, 10, 8), job(0, 10, 10, 1)}),
                               {.policy = policy("fcfs"), .processors = 2});
  ASSERT_TRUE(replayed);
  EXPECT_EQ(replayed->processors, 2);
  EXPECT_EQ(replayed->starts, (Starts{0, 10}));
}

TEST(Replay, RunsAnEmptyTrace) {
  const auto replayed = replay(trace_of(8, {}), {.policy = policy("easy")});
  ASSERT_TRUE(replayed);
  EXPECT_TRUE(replayed->starts.empty());
}

TEST(Replay, BackfillsWhatEndsBeforeTheReservationOfTheHead) {
  // Four processors: three run until 100; the head wants all four then. One that ends by 100 may
  // start, a longer one may not.
  const auto replayed = replay(
      trace_of(4, {job(0, 100, 100, 3), job(1, 10, 10, 4), job(2, 98, 98, 1), job(2, 99, 99, 1)}),
      {.policy = policy("easy")});
  ASSERT_TRUE(replayed);
  EXPECT_EQ(replayed->starts, (Starts{0, 100, 2, 110}));
}

TEST(Replay, BackfillsWhatFitsBesideTheHeadForAnyTime) {
  const auto replayed = replay(
      trace_of(4,
               {job(0, 100, 100, 2), job(1, 10, 10, 3), job(2, 500, 500, 1), job(3, 500, 500, 1)}),
      {.policy = policy("easy")});
  ASSERT_TRUE(replayed);
  EXPECT_EQ(replayed->starts, (Starts{0, 100, 2, 110}));
}

TEST(Replay, MovesReservationsForwardWhenAJobEndsEarly) {
  const auto replayed = replay(trace_of(2, {job(0, 10, 100, 2), job(1, 5, 5, 2), job(2, 5, 5, 2)}),
                               {.policy = policy("cons")});
  ASSERT_TRUE(replayed);
  EXPECT_EQ(replayed->starts, (Starts{0, 10, 15}));
}

TEST(Replay, CountsEveryRunOfAPreemptedJobAndWhatItsRestartCost) {
  sched::Policy srpt = policy("srpt-gang");
  srpt.restart_cost = 30;

  const auto replayed = replay(trace_of(1, {job(0, 1000, 1000, 1), job(100, 10, 10, 1)}),
                               {.policy = srpt, .keeps_runs = true});

  ASSERT_TRUE(replayed);
  EXPECT_EQ(replayed->preemptions, 1);
  ASSERT_EQ(replayed->runs.size(), 3U);
  EXPECT_EQ(replayed->runs[0].end, 100);
  EXPECT_EQ(replayed->runs[1].end, 110);
  EXPECT_EQ(replayed->runs[2].start, 110);
  EXPECT_EQ(replayed->runs[2].end, 110 + 30 + 900);
  EXPECT_EQ(replayed->seconds_lost, 30);
}

/// A week of narrow claims of a minute each that ask for more than there is, and a wide, long one
/// at the beginning of it.
Trace stream_with_a_wide_job() {
  Trace trace = trace_of(16, {});
  for (std::int64_t now = 0; now < 7 * 86'400; now += 60) {
    for (int i = 0; i < 17; ++i) {
      trace.jobs.push_back(job(now, 60, 60, 1));
    }
    if (now == 600) {
      trace.jobs.push_back(job(now, 3600, 90'000, 16));
    }
  }
  return trace;
}

std::int64_t wait_of_the_wide(const Trace& trace, std::string_view name) {
  const auto replayed = replay(trace, {.policy = policy(name)});
  EXPECT_TRUE(replayed);
  const auto wide = static_cast<std::size_t>(
      std::find_if(trace.jobs.begin(),
                   trace.jobs.end(),
                   [](const TraceJob& of) { return of.processors == 16; }) -
      trace.jobs.begin());
  return replayed->starts[wide] - trace.jobs[wide].submit;
}

TEST(Replay, StarvesAWideJobUnderGreedyShortestFirstButNotUnderTheDefault) {
  const Trace trace = stream_with_a_wide_job();
  EXPECT_GT(wait_of_the_wide(trace, "sjfg-req"), 6 * 86'400);
  // What comes a day and a half later goes behind it; then the machine has to be emptied of what
  // came before.
  EXPECT_LT(wait_of_the_wide(trace, "default"), 2 * 86'400);
  EXPECT_GT(wait_of_the_wide(trace, "default"), 86'400);
}

TEST(Figures, CountWhatATraceOfTwoJobsShows) {
  Trace trace = trace_of(2, {job(10, 100, 100, 2), job(20, 5, 5, 1)});
  trace.jobs[1].deadline = 120;
  const Starts starts = {10, 110};

  const Figures got = figures(trace, starts, 2);

  EXPECT_EQ(got.max_wait, 90);
  EXPECT_EQ(got.mean_wait, 45);
  EXPECT_EQ(got.mean_flow, 97.5);
  EXPECT_EQ(got.mean_bounded_slowdown, (1.0 + 9.5) / 2);
  EXPECT_EQ(got.sum_of_completions, 100 + 105);
  EXPECT_EQ(got.makespan, 105);
  EXPECT_NEAR(got.utilisation, 205.0 / 210, 1e-12);
  EXPECT_EQ(got.deadlines, 1);
  EXPECT_EQ(got.deadlines_met, 1);
}

TEST(Figures, ShowHowUnequallyUsersAreSlowedDown) {
  Trace trace = trace_of(1, {job(0, 100, 100, 1), job(0, 100, 100, 1), job(0, 100, 100, 1)});
  trace.jobs[0].user = 1;
  trace.jobs[1].user = 2;
  trace.jobs[2].user = 2;

  const Figures got = figures(trace, Starts{0, 100, 200}, 1);

  // The users are slowed down by 1 and by (2 + 3) / 2.
  EXPECT_EQ(got.users, 2);
  EXPECT_NEAR(got.fairness, 3.5 * 3.5 / (2 * (1 + 2.5 * 2.5)), 1e-12);
}

TEST(Figures, DoNotOverflow) {
  constexpr std::int64_t kLong = 10'000'000'000;
  std::vector<TraceJob> jobs(1000, job(0, kLong, kLong, 2'000'000'000));
  const Trace trace = trace_of(2'000'000'000, jobs);
  const Starts late(1000, std::numeric_limits<std::int64_t>::max() / 500);

  const Figures got = figures(trace, late, 2'000'000'000);

  EXPECT_EQ(got.sum_of_completions, std::numeric_limits<std::int64_t>::max());
  EXPECT_GT(lower_bounds(trace, 2'000'000'000).srpt, 0);
}

TEST(Figures, ShowNoGapWhenEveryJobStartsAtOnce) {
  const Trace trace = trace_of(4, {job(0, 10, 10, 1), job(3, 10, 10, 1)});
  const Figures got = figures(trace, Starts{0, 3}, 4);
  EXPECT_EQ(gap(trace, got, lower_bounds(trace, 4).recursive), 0);
}

TEST(LowerBounds, AreReachedByTheShortestFirstOnOneProcessor) {
  const Trace trace = trace_of(1, {job(0, 1, 1, 1), job(0, 2, 2, 1), job(0, 3, 3, 1)});
  EXPECT_NEAR(lower_bounds(trace, 1).recursive, 1 + 3 + 6, 1e-9);
}

}  // namespace
}  // namespace aion::simulate
