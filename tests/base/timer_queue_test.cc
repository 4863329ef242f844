// Timers come out in order, those that are destroyed do not.
#include "base/timer_queue.h"

#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "base/manual_clock.h"

namespace aion {
namespace {

using std::chrono::seconds;

TEST(TimerQueue, GivesThemByTimeThenInTheOrderOfAdding) {
  TimerQueue queue;
  std::vector<int> order;
  const auto add = [&](int time, int name) {
    return queue.add(TimePoint(seconds(time)), [&order, name] { order.push_back(name); });
  };
  const auto c = add(2, 3);
  const auto a = add(1, 1);
  const auto b = add(1, 2);
  const auto late = add(9, 4);

  EXPECT_EQ(queue.next(), TimePoint(seconds(1)));
  for (;;) {
    const auto due = queue.take(TimePoint(seconds(2)));
    if (!due.fire) {
      break;
    }
    due.fire();
  }

  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(queue.next(), TimePoint(seconds(9)));
}

TEST(TimerQueue, ForgetsWhatIsDestroyed) {
  TimerQueue queue;
  auto timer = queue.add(TimePoint{}, [] {});
  timer.reset();
  EXPECT_EQ(queue.next(), kNever);
  EXPECT_FALSE(queue.take(TimePoint{}).fire);
  EXPECT_FALSE(queue.clear());
}

TEST(TimerQueue, ClearsWhatItHoldsWhileTheirOwnersLive) {
  TimerQueue queue;
  auto held = std::make_shared<int>(0);
  const std::weak_ptr<int> seen = held;
  const auto timer = queue.add(TimePoint{}, [held = std::move(held)] {});
  EXPECT_TRUE(queue.clear());
  EXPECT_TRUE(seen.expired());
  EXPECT_FALSE(queue.take(TimePoint{}).fire);
}

TEST(ManualClock, DoesNotFireATimerThatGoesWithTheOneBefore) {
  ManualClock clock;
  auto second = std::make_shared<std::unique_ptr<Timer>>();
  *second = clock.at(TimePoint(seconds(1)), [] { FAIL() << "its owner has gone"; });
  // Earlier, and the last owner of the second once it has fired.
  const auto first = clock.at(TimePoint{}, [owned = std::move(second)] {});
  clock.advance(seconds(2));
}

}  // namespace
}  // namespace aion
