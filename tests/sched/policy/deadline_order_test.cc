#include "sched/policy/deadline_order.h"

#include <array>

#include <gtest/gtest.h>

namespace aion::sched {
namespace {

constexpr TimedWork safety(Ticks deadline, Ticks cost) {
  return {Criticality::Safety, deadline, cost, cost, 0, 1};
}
constexpr TimedWork normal(Ticks deadline, Ticks cost) {
  return {Criticality::Normal, deadline, cost, cost, 0, 2};
}
constexpr TimedWork best_effort(Ticks deadline, Ticks cost) {
  return {Criticality::BestEffort, deadline, cost, cost, 0, 3};
}

TEST(DeadlineOrder, TakesTheEarliestDeadlineWhereAllCanBeInTime) {
  const std::array works = {safety(100, 5), best_effort(20, 5), normal(50, 5)};

  EXPECT_EQ(next_in_time(works, {}), 1);
}

TEST(DeadlineOrder, LetsNobodyMakeAHigherClassLate) {
  const std::array works = {safety(100, 30), normal(90, 80)};

  EXPECT_EQ(next_in_time(works, {}), 0);
}

TEST(DeadlineOrder, LetsALowerClassGoBeforeAHigherOneThatIsLateAnyway) {
  const std::array works = {safety(20, 30), normal(15, 10)};

  EXPECT_EQ(next_in_time(works, {}), 1);
}

TEST(DeadlineOrder, LooksAtHowLongAWorkBlocksAndNotAtHowLongItTakes) {
  std::array works = {safety(100, 30), normal(90, 80)};
  works[1].blocks = 10;

  EXPECT_EQ(next_in_time(works, {}), 1);
}

TEST(DeadlineOrder, KeepsTimeForSafetyWorkThatIsYetToCome) {
  const std::array works = {safety(100, 30), normal(50, 40)};

  EXPECT_EQ(next_in_time(works, {0, 0.0, false}), 1);
  EXPECT_EQ(next_in_time(works, {0, 0.6, false}), 0);
}

TEST(DeadlineOrder, PutsWorkWithoutADeadlineBehindThatOfItsClassAndBeforeThatOfALowerOne) {
  const std::array works = {normal(kNever, 5), normal(1000, 5)};
  const std::array lower = {best_effort(10, 5), normal(kNever, 5)};

  EXPECT_EQ(next_in_time(works, {}), 1);
  EXPECT_EQ(next_in_time(lower, {}), 1);
}

TEST(DeadlineOrder, GoesByThePlaceWhereNobodyHasADeadline) {
  std::array works = {normal(kNever, 5), normal(kNever, 5)};
  works[0].place = 2;
  works[1].place = 1;

  EXPECT_EQ(next_in_time(works, {}), 1);
}

TEST(DeadlineOrder, GivesAFloorToThoseWhoAreBehind) {
  const std::array works = {normal(100, 30), best_effort(1000, 30)};

  EXPECT_EQ(next_in_time(works, {0, 0.0, true}), 1);
}

TEST(DeadlineOrder, TakesTheFloorFromNoSafetyWork) {
  const std::array works = {safety(100, 30), best_effort(1000, 80)};

  EXPECT_EQ(next_in_time(works, {0, 0.0, true}), 0);
}

TEST(DeadlineOrder, DoesNotDependOnWhereTheWorksStand) {
  const TimedWork a = normal(kNever, 5);
  const TimedWork b = best_effort(10, 5);
  const TimedWork c = normal(50, 5);
  const std::array forward = {a, b, c};
  const std::array backward = {c, b, a};

  EXPECT_EQ(next_in_time(forward, {}), 2);
  EXPECT_EQ(next_in_time(backward, {}), 0);
}

}  // namespace
}  // namespace aion::sched
