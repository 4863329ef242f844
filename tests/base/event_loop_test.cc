// Sockets, timers and functions from other threads all reach the loop's thread, and what was taken
// back does not.
#include "base/event_loop.h"

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace aion {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kLimit{20};

/// Two ends of a connection.
class Pair {
 public:
  Pair() {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends_.data()),
              0);
  }
  ~Pair() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  [[nodiscard]] int watched() const { return ends_[0]; }
  void send() const { EXPECT_EQ(::write(ends_[1], "x", 1), 1); }

 private:
  std::array<int, 2> ends_{-1, -1};
};

class Calls final : public EventLoop::Watcher {
 public:
  explicit Calls(std::function<void(std::uint32_t)> on_call) : on_call_(std::move(on_call)) {}
  void on_events(std::uint32_t events) override { on_call_(events); }

 private:
  std::function<void(std::uint32_t)> on_call_;
};

class EventLoopTest : public testing::Test {
 protected:
  ~EventLoopTest() override { stop(); }

  void stop() {
    loop_->stop();
    if (thread_.joinable()) {
      thread_.join();
    }
  }

  /// Runs it on the loop and waits for its end.
  void on_loop(const std::function<void()>& action) {
    std::promise<void> ended;
    asio::post(loop_->executor(), [&] {
      action();
      ended.set_value();
    });
    ASSERT_EQ(ended.get_future().wait_for(kLimit), std::future_status::ready);
  }

  std::unique_ptr<EventLoop> loop_ = std::make_unique<EventLoop>();
  std::thread thread_{[this] {
    loop_->run();
  }};
};

TEST_F(EventLoopTest, RunsInOrderWhatOneThreadPosts) {
  std::vector<int> order;
  for (int i = 0; i < 1000; ++i) {
    asio::post(loop_->executor(), [&order, i] { order.push_back(i); });
  }
  on_loop([&] {
    ASSERT_EQ(order.size(), 1000U);
    for (int i = 0; i < 1000; ++i) {
      EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
    }
  });
}

TEST_F(EventLoopTest, LosesNoPostOfManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kEach = 5000;
  int count = 0;  // of the loop's thread
  std::promise<void> all;
  std::vector<std::jthread> posters;
  for (int i = 0; i < kThreads; ++i) {
    posters.emplace_back([&] {
      for (int j = 0; j < kEach; ++j) {
        asio::post(loop_->executor(), [&] {
          if (++count == kThreads * kEach) {
            all.set_value();
          }
        });
        if (j % 100 == 0) {
          std::this_thread::sleep_for(std::chrono::microseconds(200));  // it falls asleep meanwhile
        }
      }
    });
  }
  EXPECT_EQ(all.get_future().wait_for(kLimit), std::future_status::ready);
}

TEST_F(EventLoopTest, DispatchesOnItsOwnThreadAtOnceAndPostsNever) {
  std::string order;
  on_loop([&] {
    EXPECT_TRUE(loop_->is_this_thread());
    EXPECT_EQ(EventLoop::current(), loop_.get());
    asio::post(loop_->executor(), [&] { order += "posted"; });
    asio::dispatch(loop_->executor(), [&] { order += "dispatched "; });
    order += "then ";
  });
  on_loop([&] { EXPECT_EQ(order, "dispatched then posted"); });
  EXPECT_FALSE(loop_->is_this_thread());
  EXPECT_EQ(EventLoop::current(), nullptr);
}

TEST_F(EventLoopTest, TellsOfADescriptorUntilItIsRemoved) {
  const Pair pair;
  std::promise<std::uint32_t> told;
  std::atomic<int> count = 0;
  Calls calls([&](std::uint32_t events) {
    if (++count == 1) {
      told.set_value(events);
    }
  });
  const auto interest = EPOLLIN | static_cast<std::uint32_t>(EPOLLET);
  on_loop([&] { ASSERT_TRUE(loop_->add(pair.watched(), interest, calls)); });
  pair.send();
  EXPECT_EQ(told.get_future().get(), static_cast<std::uint32_t>(EPOLLIN));
  on_loop([&] { loop_->remove(pair.watched(), calls); });
  pair.send();
  on_loop([] {});
  on_loop([&] { EXPECT_EQ(count, 1); });
}

TEST_F(EventLoopTest, TellsNothingMoreToOneThatAnotherRemovesInTheSameTurn) {
  const Pair first;
  const Pair second;
  std::atomic<int> count = 0;
  std::optional<Calls> one;
  std::optional<Calls> two;
  one.emplace([&](std::uint32_t /*events*/) {
    ++count;
    loop_->remove(second.watched(), *two);
    two.reset();
  });
  two.emplace([&](std::uint32_t /*events*/) {
    ++count;
    loop_->remove(first.watched(), *one);
    one.reset();
  });
  // Both have bytes before the loop looks again.
  first.send();
  second.send();
  on_loop([&] {
    ASSERT_TRUE(loop_->add(first.watched(), EPOLLIN | static_cast<std::uint32_t>(EPOLLET), *one));
    ASSERT_TRUE(loop_->add(second.watched(), EPOLLIN | static_cast<std::uint32_t>(EPOLLET), *two));
  });
  on_loop([] {});
  on_loop([&] { EXPECT_EQ(count, 1); });
}

TEST_F(EventLoopTest, SaysThatADescriptorCannotBeWatched) {
  Calls calls([](std::uint32_t /*events*/) {});
  on_loop([&] { EXPECT_FALSE(loop_->add(-1, EPOLLIN, calls)); });
}

TEST_F(EventLoopTest, FiresTimersOnItsThreadInOrderAndNeverEarly) {
  const TimePoint begin = steady_clock::now();
  std::vector<int> order;
  std::promise<void> last;
  const auto set = [&](int ms) {
    return loop_->at(begin + milliseconds(ms), [&, ms] {
      EXPECT_TRUE(loop_->is_this_thread());
      EXPECT_GE(steady_clock::now(), begin + milliseconds(ms));
      order.push_back(ms);
      if (ms == 600) {
        last.set_value();
      }
    });
  };
  // From another thread, while the loop sleeps: each but the first falls due before those set.
  const auto c = set(600);
  const auto b = set(400);
  const auto a = set(200);
  ASSERT_EQ(last.get_future().wait_for(kLimit), std::future_status::ready);
  on_loop([&] { EXPECT_EQ(order, (std::vector<int>{200, 400, 600})); });
}

TEST_F(EventLoopTest, FiresATimerOfThePastSoonButNotInsideTheCall) {
  std::promise<void> fired;
  bool is_inside = false;
  std::unique_ptr<Timer> timer;
  on_loop([&] {
    is_inside = true;
    timer = loop_->at(steady_clock::now() - std::chrono::hours(1), [&] {
      EXPECT_FALSE(is_inside);
      fired.set_value();
    });
    is_inside = false;
  });
  EXPECT_EQ(fired.get_future().wait_for(kLimit), std::future_status::ready);
  // The clock's own zero is a time, too.
  std::promise<void> zero;
  const auto at_zero = loop_->at(TimePoint{}, [&] { zero.set_value(); });
  EXPECT_EQ(zero.get_future().wait_for(kLimit), std::future_status::ready);
}

TEST_F(EventLoopTest, DoesNotFireWhatWasCancelledAndStillFiresTheNext) {
  std::promise<void> fired;
  std::unique_ptr<Timer> kept;
  on_loop([&] {
    const TimePoint now = steady_clock::now();
    auto cancelled = loop_->at(now + milliseconds(1), [] { FAIL() << "cancelled"; });
    kept = loop_->at(now + milliseconds(2), [&] { fired.set_value(); });
    std::this_thread::sleep_until(now + milliseconds(3));  // both are due, and their alarm rings
    cancelled.reset();
  });
  EXPECT_EQ(fired.get_future().wait_for(kLimit), std::future_status::ready);
}

TEST_F(EventLoopTest, SetsATimerAgainInsideOfOne) {
  std::promise<void> ended;
  int count = 0;
  std::unique_ptr<Timer> timer;
  std::function<void()> again = [&] {
    if (++count == 5) {
      ended.set_value();
      return;
    }
    timer = loop_->at(steady_clock::now() + milliseconds(1), again);
  };
  on_loop([&] { again(); });
  EXPECT_EQ(ended.get_future().wait_for(kLimit), std::future_status::ready);
}

/// Posts to its loop when it goes.
struct Poster {
  explicit Poster(EventLoop& given) : loop(&given) {}
  ~Poster() {
    asio::post(loop->executor(), [] { FAIL() << "ran after the end"; });
  }
  Poster(const Poster&) = delete;
  Poster& operator=(const Poster&) = delete;
  EventLoop* loop;
};

TEST_F(EventLoopTest, DropsAtItsEndWhatWasNotBegunAndWhatThatBrings) {
  stop();
  auto poster = std::make_shared<Poster>(*loop_);
  const std::weak_ptr<Poster> posted = poster;
  asio::post(loop_->executor(), [held = std::move(poster)] { FAIL() << "ran"; });
  poster = std::make_shared<Poster>(*loop_);
  const std::weak_ptr<Poster> timed = poster;
  const auto timer = loop_->at(TimePoint{}, [held = std::move(poster)] { FAIL() << "fired"; });
  EXPECT_FALSE(posted.expired() || timed.expired());
  loop_ = std::make_unique<EventLoop>();
  EXPECT_TRUE(posted.expired() && timed.expired());
}

TEST_F(EventLoopTest, ATimerMayOutliveItsLoop) {
  auto timer = loop_->at(steady_clock::now() + std::chrono::hours(1), [] {});
  stop();
  loop_ = std::make_unique<EventLoop>();
  timer.reset();
}

}  // namespace
}  // namespace aion
