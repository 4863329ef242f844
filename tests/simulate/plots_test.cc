#include "simulate/plots.h"

#include <gtest/gtest.h>

namespace aion::simulate {
namespace {

TraceJob job(std::int64_t id, std::int64_t submit, std::int64_t runtime, std::int32_t processors) {
  TraceJob made;
  made.id = id;
  made.submit = submit;
  made.runtime = made.request = runtime;
  made.processors = processors;
  return made;
}

/// Two processors for 100 s, then four for 100 s after a wait of 50 s.
class Schedule : public testing::Test {
 protected:
  Schedule() {
    trace_.name = "small";
    trace_.jobs = {job(1, 0, 100, 2), job(2, 50, 100, 4)};
  }
  [[nodiscard]] NamedSchedule named() const { return {"fcfs", runs_, starts_}; }

  Trace trace_;
  std::vector<simulate::Run> runs_{{0, 0, 100}, {1, 100, 200}};
  std::vector<std::int64_t> starts_{0, 100};
};

TEST_F(Schedule, HoldsProcessorsInItsGanttChart) {
  const auto chart = gantt_chart(trace_, named(), 4);

  ASSERT_EQ(chart.bars.size(), 2U);
  EXPECT_EQ(chart.bars[0].lanes, 2);
  EXPECT_EQ(chart.bars[1].begin, 100);
  EXPECT_EQ(chart.bars[1].lanes, 4);
  EXPECT_EQ(chart.end, 200);
}

TEST_F(Schedule, SplitsAJobWhoseProcessorsAreNoNeighbours) {
  trace_.jobs = {job(1, 0, 10, 1), job(2, 0, 100, 1), job(3, 0, 10, 1), job(4, 10, 10, 2)};
  runs_ = {{0, 0, 10}, {1, 0, 100}, {2, 0, 10}, {3, 10, 20}};

  const auto chart = gantt_chart(trace_, named(), 3);

  ASSERT_EQ(chart.bars.size(), 5U);
  EXPECT_EQ(chart.bars[3].lane, 0);
  EXPECT_EQ(chart.bars[4].lane, 2);
}

TEST_F(Schedule, LeavesOutWhatWasStoppedInTheSecondInWhichItStarted) {
  trace_.jobs = {job(1, 0, 10, 2), job(2, 0, 10, 1)};
  runs_ = {{0, 5, 15}, {1, 5, 5}};

  EXPECT_EQ(gantt_chart(trace_, named(), 2).bars.size(), 1U);
}

TEST_F(Schedule, UsesTheMachineAsTheChartSays) {
  const std::array schedules{named()};

  const auto chart = utilisation_chart(trace_, schedules, 4);

  ASSERT_EQ(chart.series.size(), 1U);
  for (const plot::Point& point : chart.series[0].points) {
    EXPECT_NEAR(point.y, point.x < 100 ? 0.5 : 1.0, 1e-9) << point.x;
  }
}

TEST_F(Schedule, CountsWhoHasWaitedNoLonger) {
  const std::array schedules{named()};

  const auto chart = wait_chart(trace_, schedules);

  const auto& points = chart.series[0].points;
  ASSERT_GE(points.size(), 2U);
  EXPECT_EQ(points[1].y, 0.5) << "half of the jobs do not wait";
  EXPECT_EQ(points.back().x, 50);
  EXPECT_EQ(points.back().y, 1);
}

}  // namespace
}  // namespace aion::simulate
