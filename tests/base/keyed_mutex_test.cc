#include "base/keyed_mutex.h"

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aion {
namespace {

using testing::ElementsAre;

class KeyedMutexTest : public testing::Test {
 protected:
  using Guards = std::vector<std::optional<KeyedMutex::Guard>>;

  Awaitable<void> enter(std::string key, std::size_t who) {
    guards_[who].emplace(co_await mutex_.lock(std::move(key)));
    inside_.push_back(who);
  }
  void begin(const std::string& key, std::size_t who) { spawn(inline_executor(), enter(key, who)); }
  void leave(std::size_t who) { guards_[who].reset(); }

  KeyedMutex mutex_{inline_executor()};
  std::vector<std::size_t> inside_;
  Guards guards_{4};
};

TEST_F(KeyedMutexTest, LetsOneThroughAndTheNextWhenItHasLeft) {
  begin("cat", 0);
  begin("cat", 1);
  ASSERT_THAT(inside_, ElementsAre(0));

  leave(0);

  EXPECT_THAT(inside_, ElementsAre(0, 1));
}

TEST_F(KeyedMutexTest, LetsThoseWhoWaitThroughInTheirOrder) {
  begin("cat", 0);
  begin("cat", 2);
  begin("cat", 1);
  begin("cat", 3);

  leave(0);
  leave(2);
  leave(1);

  EXPECT_THAT(inside_, ElementsAre(0, 2, 1, 3));
}

TEST_F(KeyedMutexTest, KeepsKeysApart) {
  begin("cat", 0);
  begin("dog", 1);

  EXPECT_THAT(inside_, ElementsAre(0, 1));
}

TEST_F(KeyedMutexTest, IsFreeAgainWhenAllHaveLeft) {
  begin("cat", 0);
  leave(0);

  begin("cat", 1);

  EXPECT_THAT(inside_, ElementsAre(0, 1));
}

TEST_F(KeyedMutexTest, AGuardThatIsMovedUnlocksOnce) {
  begin("cat", 0);
  begin("cat", 1);
  {
    const KeyedMutex::Guard taken = *std::move(guards_[0]);
    leave(0);  // the empty shell
    ASSERT_THAT(inside_, ElementsAre(0));
  }

  EXPECT_THAT(inside_, ElementsAre(0, 1));
}

Awaitable<void> count_alone(KeyedMutex& mutex,
                            int& unguarded,
                            std::atomic<int>& inside,
                            int& most) {
  const auto guard = co_await mutex.lock("cat");
  most = std::max(most, inside.fetch_add(1) + 1);
  ++unguarded;
  inside.fetch_sub(1);
}

Awaitable<bool> run_all(Executor executor, std::vector<Awaitable<void>> work) {
  co_await all(executor, std::move(work));
  co_return true;
}

TEST(KeyedMutex, LetsThreadsThroughOneAtATime) {
  Executors executors({1, 1, 4});
  KeyedMutex mutex(executors.blocking());
  int unguarded = 0;
  std::atomic<int> inside = 0;
  int most = 0;
  std::vector<Awaitable<void>> work;
  for (int i = 0; i < 500; ++i) {
    work.push_back(count_alone(mutex, unguarded, inside, most));
  }

  ASSERT_TRUE(wait_for(executors.blocking(), run_all(executors.blocking(), std::move(work))));

  EXPECT_EQ(unguarded, 500);
  EXPECT_EQ(most, 1);
}

}  // namespace
}  // namespace aion
