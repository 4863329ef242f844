#include "base/serial.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace aion {
namespace {

TEST(Serial, RunsAnActionInsideTheCallWhenNoneIsRunning) {
  Serial serial;
  int count = 0;

  serial.run([&] { ++count; });

  EXPECT_EQ(count, 1);
}

TEST(Serial, RunsAnActionThatAnActionBringsAfterIt) {
  Serial serial;
  std::vector<int> order;

  serial.run([&] {
    serial.run([&] { order.push_back(2); });
    order.push_back(1);
  });

  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(Serial, RunsActionsOfManyThreadsOneAtATime) {
  Serial serial;
  int unguarded = 0;  // a data race unless the actions exclude each other
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 10'000; ++i) {
          serial.run([&] { ++unguarded; });
        }
      });
    }
  }
  EXPECT_EQ(unguarded, 40'000);
}

TEST(Serial, KeepsTheOrderOfOneThread) {
  Serial serial;
  std::vector<int> order;

  for (int i = 0; i < 5; ++i) {
    serial.run([&order, i] { order.push_back(i); });
  }

  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
}

}  // namespace
}  // namespace aion
