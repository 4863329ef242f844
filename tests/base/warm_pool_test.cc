// Work runs once, on the thread that rested last, or here when it may; a stop leaves nothing
// behind.
#include "base/warm_pool.h"

#include <atomic>
#include <future>
#include <set>
#include <thread>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

namespace aion {
namespace {

namespace asio = boost::asio;

TEST(WarmPool, RunsAllThatIsPostedFromManyThreads) {
  std::atomic<int> count = 0;
  std::promise<void> all;
  WarmPool pool(3);
  std::vector<std::jthread> posters;
  for (int i = 0; i < 4; ++i) {
    posters.emplace_back([&] {
      for (int j = 0; j < 1000; ++j) {
        asio::post(pool.executor(), [&] {
          if (++count == 4000) {
            all.set_value();
          }
        });
      }
    });
  }
  EXPECT_EQ(all.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
  EXPECT_EQ(count, 4000);
}

TEST(WarmPool, RunsAsMuchAtOnceAsItHasThreads) {
  std::promise<void> first;
  std::promise<void> second;
  WarmPool pool(2);
  asio::post(pool.executor(), [&] {
    first.set_value();
    second.get_future().wait();
  });
  first.get_future().wait();
  const auto ended = std::make_shared<std::promise<void>>();
  asio::post(pool.executor(), [&second, ended] {
    second.set_value();
    ended->set_value();
  });
  EXPECT_EQ(ended->get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
}

void wait_until_all_rest(const WarmPool& pool, std::size_t threads) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (pool.resting() < threads) {
    ASSERT_LT(std::chrono::steady_clock::now(), limit) << "the threads do not come to rest";
    std::this_thread::yield();
  }
}

TEST(WarmPool, WakesTheThreadThatRestedLast) {
  WarmPool pool(4);
  std::set<std::thread::id> used;
  for (int i = 0; i < 100; ++i) {
    // A thread rests a moment after it has told that its work is done.
    ASSERT_NO_FATAL_FAILURE(wait_until_all_rest(pool, 4));
    std::promise<std::thread::id> ran;
    asio::post(pool.executor(), [&] { ran.set_value(std::this_thread::get_id()); });
    used.insert(ran.get_future().get());
  }
  EXPECT_EQ(used.size(), 1U);
}

TEST(WarmPool, DispatchesOnItsOwnThreadAtOnceAndPostsNever) {
  WarmPool pool(1);
  std::promise<std::string> order;
  asio::post(pool.executor(), [&] {
    auto text = std::make_shared<std::string>();
    asio::post(pool.executor(), [&order, text] { order.set_value(*text + "posted"); });
    asio::dispatch(pool.executor(), [text] { *text += "dispatched "; });
    *text += "then ";
  });
  EXPECT_EQ(order.get_future().get(), "dispatched then posted");
}

TEST(WarmPool, DropsWhatHasNotBegunWhenItStops) {
  auto held = std::make_shared<int>(0);
  bool has_run = false;
  {
    WarmPool pool(1);
    std::promise<void> begun;
    std::promise<void> go;
    asio::post(pool.executor(), [&] {
      begun.set_value();
      go.get_future().wait();
    });
    begun.get_future().wait();
    asio::post(pool.executor(), [held, &has_run] { has_run = true; });
    pool.stop();
    go.set_value();
    pool.join();
    EXPECT_EQ(held.use_count(), 1);
    asio::post(pool.executor(), [held, &has_run] { has_run = true; });
  }
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_FALSE(has_run);
}

}  // namespace
}  // namespace aion
