#include "base/executor.h"

#include <atomic>
#include <future>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

namespace aion {
namespace {

namespace asio = boost::asio;

class ExecutorsTest : public ::testing::Test {
 protected:
  /// The thread that runs what is posted to `executor`; only for executors of one thread.
  static std::thread::id thread_of(const Executor& executor) {
    std::promise<std::thread::id> id;
    asio::post(executor, [&] { id.set_value(std::this_thread::get_id()); });
    return id.get_future().get();
  }

  Executors executors_{{2, 1, 1}};
};

asio::awaitable<std::vector<std::thread::id>> walk(Executor there, Executor back) {
  std::vector<std::thread::id> seen{std::this_thread::get_id()};
  co_await on(std::move(there));
  seen.push_back(std::this_thread::get_id());
  co_await on(std::move(back));
  seen.push_back(std::this_thread::get_id());
  co_return seen;
}

TEST_F(ExecutorsTest, RunsEachPoolOnItsOwnThread) {
  const std::set<std::thread::id> threads = {thread_of(executors_.io(0)),
                                             thread_of(executors_.io(1)),
                                             thread_of(executors_.compute()),
                                             thread_of(executors_.blocking()),
                                             std::this_thread::get_id()};

  EXPECT_EQ(threads.size(), 5U);
  EXPECT_EQ(executors_.io_count(), 2U);
}

TEST_F(ExecutorsTest, OnHopsToAnExecutorAndBack) {
  const auto io = thread_of(executors_.io());
  const auto compute = thread_of(executors_.compute());

  const auto seen =
      asio::co_spawn(executors_.io(), walk(executors_.compute(), executors_.io()), asio::use_future)
          .get();

  EXPECT_EQ(seen, (std::vector{io, compute, io}));
}

TEST_F(ExecutorsTest, OnTheSameExecutorStaysWhereItIs) {
  const auto io = thread_of(executors_.io());

  const auto seen =
      asio::co_spawn(executors_.io(), walk(executors_.io(), executors_.io()), asio::use_future)
          .get();

  EXPECT_EQ(seen, (std::vector{io, io, io}));
}

asio::awaitable<void> hop_then_throw(Executor executor) {
  co_await on(std::move(executor));
  throw std::runtime_error("thrown behind the hop");
}

TEST_F(ExecutorsTest, AnExceptionBehindAHopReachesTheOneWhoWaits) {
  auto failed =
      asio::co_spawn(executors_.io(), hop_then_throw(executors_.compute()), asio::use_future);

  EXPECT_THROW(failed.get(), std::runtime_error);
}

TEST(InlineExecutor, RunsAtOnceOnTheCallingThread) {
  bool has_run = false;

  asio::post(inline_executor(), [&] { has_run = true; });

  EXPECT_TRUE(has_run);
}

TEST(InlineExecutor, RunsACoroutineToItsEndInsideTheCall) {
  std::vector<std::thread::id> seen;

  asio::co_spawn(
      inline_executor(),
      walk(inline_executor(), inline_executor()),
      [&](const std::exception_ptr&, std::vector<std::thread::id> ids) { seen = std::move(ids); });

  EXPECT_EQ(seen, std::vector(3, std::this_thread::get_id()));
}

TEST_F(ExecutorsTest, HopsFromTheInlineExecutorToAPool) {
  std::promise<std::vector<std::thread::id>> seen;

  asio::co_spawn(inline_executor(),
                 walk(executors_.compute(), inline_executor()),
                 [&](const std::exception_ptr&, std::vector<std::thread::id> ids) {
                   seen.set_value(std::move(ids));
                 });
  const auto ids = seen.get_future().get();

  EXPECT_EQ(ids.at(0), std::this_thread::get_id());
  EXPECT_EQ(ids.at(1), thread_of(executors_.compute()));
  EXPECT_EQ(ids.at(2), ids.at(1));  // inline: it stays on the thread where it stands
}

TEST_F(ExecutorsTest, ATimerFiresNotBeforeItsTime) {
  Clock& clock = executors_.clock();
  const TimePoint due = clock.now() + std::chrono::milliseconds(20);
  std::promise<TimePoint> fired;

  const auto timer = clock.at(due, [&] { fired.set_value(clock.now()); });

  EXPECT_GE(fired.get_future().get(), due);
}

TEST_F(ExecutorsTest, ATimerInThePastFiresOnAnotherThread) {
  std::promise<std::thread::id> fired;

  const auto timer =
      executors_.clock().at(TimePoint(), [&] { fired.set_value(std::this_thread::get_id()); });

  EXPECT_EQ(fired.get_future().get(), thread_of(executors_.io()));
}

TEST_F(ExecutorsTest, ADestroyedTimerDoesNotFire) {
  std::atomic<bool> has_fired = false;
  Clock& clock = executors_.clock();

  clock.at(clock.now() + std::chrono::milliseconds(5), [&] { has_fired = true; }).reset();

  // A later timer on the same loop has fired, so the first would have.
  std::promise<void> later;
  const auto timer =
      clock.at(clock.now() + std::chrono::milliseconds(20), [&] { later.set_value(); });
  later.get_future().wait();
  EXPECT_FALSE(has_fired);
}

TEST_F(ExecutorsTest, TimersFireInTheOrderOfTheirTime) {
  Clock& clock = executors_.clock();
  const TimePoint start = clock.now();
  std::vector<int> order;
  std::promise<void> last;

  const auto third = clock.at(start + std::chrono::milliseconds(30), [&] {
    order.push_back(3);
    last.set_value();
  });
  const auto first = clock.at(start + std::chrono::milliseconds(10), [&] { order.push_back(1); });
  const auto second = clock.at(start + std::chrono::milliseconds(20), [&] { order.push_back(2); });
  last.get_future().wait();

  EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TEST_F(ExecutorsTest, JoinEndsThreadsAndMayBeCalledTwice) {
  const auto timer = executors_.clock().at(executors_.clock().now() + std::chrono::hours(1), [] {});

  executors_.join();
  executors_.join();
}

}  // namespace
}  // namespace aion
