#include "base/change_signal.h"

#include <cstdint>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/executor.h"
#include "base/spawn.h"

namespace aion {
namespace {

using std::chrono::seconds;

Awaitable<bool> has_ended(Awaitable<void> work) {
  co_await std::move(work);
  co_return true;
}

class ChangeSignalTest : public testing::Test {
 protected:
  void wait(std::uint64_t seen, TimePoint until, CancelToken cancel = {}) {
    EXPECT_TRUE(
        wait_for(executors_.io(),
                 has_ended(signal_.wait(seen, executors_.clock(), until, std::move(cancel)))));
  }

  Executors executors_{{1, 1, 1}};
  ChangeSignal signal_;
};

TEST_F(ChangeSignalTest, DoesNotWaitForAChangeThatHasHappened) {
  const std::uint64_t seen = signal_.count();
  signal_.notify();

  wait(seen, kNever);

  EXPECT_EQ(signal_.count(), seen + 1);
}

TEST_F(ChangeSignalTest, WakesAllWhoWait) {
  const std::uint64_t seen = signal_.count();
  std::vector<Awaitable<void>> waiters;
  for (int i = 0; i < 3; ++i) {
    waiters.push_back(signal_.wait(seen, executors_.clock(), kNever, {}));
  }
  post(executors_.blocking(), [this] { signal_.notify(); });

  EXPECT_TRUE(wait_for(executors_.io(), has_ended(all(executors_.io(), std::move(waiters)))));

  EXPECT_GT(signal_.count(), seen);
}

TEST_F(ChangeSignalTest, EndsAtTheDeadline) {
  const TimePoint until = executors_.clock().now() + std::chrono::milliseconds(5);

  wait(signal_.count(), until);

  EXPECT_GE(executors_.clock().now(), until);
}

TEST_F(ChangeSignalTest, EndsWhenItIsCancelled) {
  CancelSource source;
  post(executors_.blocking(), [&source] { source.cancel(); });

  wait(signal_.count(), executors_.clock().now() + seconds(60), source.token());

  EXPECT_TRUE(source.token().is_cancelled());
}

}  // namespace
}  // namespace aion
