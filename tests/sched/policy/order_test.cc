#include "sched/policy/order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aion::sched {
namespace {

Claim arrived(Ticks at) {
  Claim claim;
  claim.arrival = at;
  return claim;
}

TEST(Order, PutsWhoCameFirstFirst) {
  EXPECT_LT(first_come(arrived(1), {}), first_come(arrived(2), {}));
}

TEST(Order, PutsTheShorterOrTheSmallerFirst) {
  Claim wide;
  wide.processors = 9;
  EXPECT_LT(shortest_first(wide, {.estimate = 10}), shortest_first(Claim{}, {.estimate = 11}));
  EXPECT_GT(smallest_area(wide, {.estimate = 10}), smallest_area(Claim{}, {.estimate = 89}));
  EXPECT_LT(smallest_area(wide, {.estimate = 10}), smallest_area(Claim{}, {.estimate = 91}));
  EXPECT_GT(short_and_narrow(wide, {.estimate = 10}), short_and_narrow(Claim{}, {.estimate = 29}));
  EXPECT_LT(short_and_narrow(wide, {.estimate = 10}), short_and_narrow(Claim{}, {.estimate = 31}));
}

TEST(Order, LetsAShortClaimOvertakeALongOneButNotAfterADayAndAHalf) {
  const std::int64_t longest = aging_shortest(arrived(0), {.estimate = 1'000'000});
  EXPECT_LT(aging_shortest(arrived(129'595), {.estimate = 1}), longest);
  EXPECT_GT(aging_shortest(arrived(129'600), {.estimate = 1}), longest);
}

TEST(Order, LetsAnHourOfWaitingCountAsOneStepOfPriority) {
  Claim important = arrived(3601);
  important.priority = 1;
  EXPECT_LT(aging_priority(arrived(0), {}), aging_priority(important, {}));
  important.arrival = 3599;
  EXPECT_GT(aging_priority(arrived(0), {}), aging_priority(important, {}));
}

TEST(Order, WeighsAnAreaByItsPriority) {
  Claim important;
  important.priority = 2;
  EXPECT_LT(weighted_shortest(important, {.estimate = 29}),
            weighted_shortest(Claim{}, {.estimate = 10}));
  EXPECT_GT(weighted_shortest(important, {.estimate = 31}),
            weighted_shortest(Claim{}, {.estimate = 10}));
}

TEST(Order, PutsTheEarliestDeadlineFirstAndNoneLast) {
  Claim soon;
  soon.deadline = 5;
  Claim later;
  later.deadline = 6;
  EXPECT_LT(earliest_deadline(soon, {}), earliest_deadline(later, {}));
  EXPECT_LT(earliest_deadline(later, {}), earliest_deadline(Claim{}, {}));
}

TEST(Order, CountsWhatHasBeenDoneAlready) {
  EXPECT_LT(shortest_remaining({}, {.estimate = 100, .attained = 95}),
            shortest_remaining({}, {.estimate = 6}));
  EXPECT_EQ(shortest_remaining({}, {.estimate = 100, .attained = 200}), 0);
  Claim wide;
  wide.processors = 10;
  EXPECT_GT(smallest_remaining_service(wide, {.estimate = 6}),
            smallest_remaining_service({}, {.estimate = 59}));
}

TEST(Order, PutsWhoHasHadLeastServiceFirstInLevelsEachEightTimesAsWide) {
  std::vector<std::int64_t> levels;
  for (const Ticks attained : {0, 599, 600, 4799, 4800, 38'399, 38'400}) {
    levels.push_back(least_attained_service({}, {.estimate = 1, .attained = attained}));
  }
  EXPECT_THAT(levels, ::testing::ElementsAre(0, 0, 1, 1, 2, 2, 3));
}

TEST(Orders, AreFoundByTheirNames) {
  for (const NamedOrder& known : orders()) {
    const auto found = find_order(known.name);
    EXPECT_TRUE(found && *found == known.order) << known.name;
  }
}

TEST(Orders, TellWhichThereAreWhenANameIsUnknown) {
  const auto missing = find_order("sjff");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::InvalidArgument);
  EXPECT_THAT(missing.error().message, ::testing::HasSubstr("sjf-aging"));
}

}  // namespace
}  // namespace aion::sched
