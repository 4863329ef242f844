#include "serving/queue_order.h"

#include <array>

#include <gtest/gtest.h>

namespace aion::serving {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

QueueHead head(std::uint64_t arrival, microseconds came, microseconds cost = microseconds{0}) {
  QueueHead made;
  made.arrival = arrival;
  made.came = TimePoint(came);
  made.cost = cost;
  return made;
}

TEST(QueueOrder, IsFirstComeFirstServedWhereAsked) {
  const std::array heads{head(1, microseconds{20}, milliseconds{1}),
                         head(0, microseconds{10}, milliseconds{900})};

  EXPECT_EQ(next_of(heads, sched::first_come), 1U);
}

TEST(QueueOrder, TakesOfEqualOnesTheOneThatCameFirst) {
  const std::array heads{head(3, microseconds{10}), head(2, microseconds{10})};

  EXPECT_EQ(next_of(heads, sched::first_come), 1U);
}

TEST(QueueOrder, LetsShortRunsOvertakeLongOnes) {
  const std::array heads{head(0, milliseconds{0}, milliseconds{10}),
                         head(1, milliseconds{5}, microseconds{100})};

  EXPECT_EQ(next_of(heads, sched::aging_shortest), 1U);
}

TEST(QueueOrder, LetsNoneOvertakeForLong) {
  const std::array heads{head(0, milliseconds{0}, std::chrono::seconds{10}),
                         head(1, milliseconds{130}, microseconds{100})};

  EXPECT_EQ(next_of(heads, sched::aging_shortest), 0U);
}

TEST(QueueOrder, TakesTheEarliestDeadlineFirstAndThoseWithoutLast) {
  std::array heads{head(0, microseconds{0}), head(1, microseconds{1}), head(2, microseconds{2})};
  heads[1].deadline = TimePoint(milliseconds{9});
  heads[2].deadline = TimePoint(milliseconds{8});

  EXPECT_EQ(next_of(heads, sched::earliest_deadline), 2U);
}

TEST(QueueOrder, TakesMoreCriticalRequestsFirst) {
  std::array heads{head(0, microseconds{0}), head(1, microseconds{1})};
  heads[1].criticality = Criticality::Safety;

  EXPECT_EQ(next_of(heads, sched::aging_priority), 1U);
}

}  // namespace
}  // namespace aion::serving
