#include "serving/dispatcher.h"

#include <optional>

#include <gtest/gtest.h>

#include "base/manual_clock.h"

namespace aion::serving {
namespace {

using std::chrono::milliseconds;

/// Requests that note when they run and hold their slot until they are told to let go.
class DispatcherTest : public testing::Test {
 protected:
  struct Client {
    std::string name;
    std::optional<Dispatcher::Slot> slot;
    std::optional<Error> error;
  };

  Awaitable<void> wait_for_slot(Client& client,
                                std::shared_ptr<Dispatcher::Queue> queue,
                                RequestContext context) {
    auto slot = co_await dispatcher_.acquire(std::move(queue), context);
    if (!slot) {
      client.error = slot.error();
      co_return;
    }
    ran_.push_back(client.name);
    client.slot.emplace(*std::move(slot));
  }

  void submit(Client& client,
              const std::shared_ptr<Dispatcher::Queue>& queue,
              RequestContext context = {}) {
    spawn(inline_executor(), wait_for_slot(client, queue, std::move(context)));
  }

  ManualClock clock_;
  Dispatcher dispatcher_{{inline_executor(), inline_executor(), 1}, clock_, first_come};
  std::vector<std::string> ran_;
};

TEST_F(DispatcherTest, GivesAFreeSlotAtOnce) {
  Client a{"a", {}, {}};

  submit(a, dispatcher_.make_queue(8));

  EXPECT_TRUE(a.slot);
}

TEST_F(DispatcherTest, LetsTheSecondRequestWaitUntilTheSlotIsGivenBack) {
  const auto queue = dispatcher_.make_queue(8);
  Client a{"a", {}, {}};
  Client b{"b", {}, {}};
  submit(a, queue);
  submit(b, queue);
  ASSERT_FALSE(b.slot);
  ASSERT_FALSE(dispatcher_.is_idle());

  a.slot.reset();

  EXPECT_TRUE(b.slot);
  EXPECT_TRUE(dispatcher_.is_idle());
}

TEST_F(DispatcherTest, ServesFirstComeFirstOverAllQueues) {
  const auto cat = dispatcher_.make_queue(8);
  const auto dog = dispatcher_.make_queue(8);
  Client a{"a", {}, {}};
  Client b{"b", {}, {}};
  Client c{"c", {}, {}};
  Client d{"d", {}, {}};
  submit(a, cat);
  submit(b, dog);
  submit(c, cat);
  submit(d, dog);

  a.slot.reset();
  b.slot.reset();
  c.slot.reset();

  EXPECT_EQ(ran_, (std::vector<std::string>{"a", "b", "c", "d"}));
}

TEST_F(DispatcherTest, RefusesAtOnceWhenTheQueueIsFull) {
  const auto queue = dispatcher_.make_queue(1);
  Client a{"a", {}, {}};
  Client b{"b", {}, {}};
  Client c{"c", {}, {}};
  submit(a, queue);
  submit(b, queue);

  submit(c, queue);

  ASSERT_TRUE(c.error);
  EXPECT_EQ(c.error->code, Code::Unavailable);
  EXPECT_EQ(c.error->message, "Exceeds maximum queue size");
}

TEST_F(DispatcherTest, DropsARequestWhenItsDeadlinePassesInTheQueue) {
  const auto queue = dispatcher_.make_queue(8);
  Client a{"a", {}, {}};
  Client b{"b", {}, {}};
  RequestContext hasty;
  hasty.deadline = clock_.now() + milliseconds{5};
  submit(a, queue);
  submit(b, queue, hasty);

  clock_.advance(milliseconds{5});

  ASSERT_TRUE(b.error);
  EXPECT_EQ(b.error->code, Code::DeadlineExceeded);
  EXPECT_EQ(queue->size(), 0U);
}

TEST_F(DispatcherTest, DropsARequestThatIsCancelledInTheQueue) {
  const auto queue = dispatcher_.make_queue(8);
  Client a{"a", {}, {}};
  Client b{"b", {}, {}};
  Client c{"c", {}, {}};
  CancelSource source;
  RequestContext cancelled;
  cancelled.cancel = source.token();
  submit(a, queue);
  submit(b, queue, cancelled);
  submit(c, queue);

  source.cancel();
  a.slot.reset();

  ASSERT_TRUE(b.error);
  EXPECT_EQ(b.error->code, Code::Cancelled);
  EXPECT_TRUE(c.slot);
}

TEST_F(DispatcherTest, RefusesARequestThatWasCancelledBeforeItCame) {
  Client a{"a", {}, {}};
  CancelSource source;
  source.cancel();
  RequestContext cancelled;
  cancelled.cancel = source.token();

  submit(a, dispatcher_.make_queue(8), cancelled);

  ASSERT_TRUE(a.error);
  EXPECT_EQ(a.error->code, Code::Cancelled);
}

TEST_F(DispatcherTest, LeavesNoSlotBehindWhenManyThreadsCompete) {
  Executors executors({1, 4, 1});
  Dispatcher dispatcher({executors.compute(), executors.io(0), 2}, executors.clock(), first_come);
  const auto queue = dispatcher.make_queue(10'000);
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  std::atomic<int> done = 0;
  struct Worker {
    static Awaitable<void> run(Dispatcher& dispatcher,
                               std::shared_ptr<Dispatcher::Queue> queue,
                               std::array<std::atomic<int>*, 3> counts) {
      const RequestContext context;
      const auto slot = co_await dispatcher.acquire(std::move(queue), context);
      const int now = counts[0]->fetch_add(1) + 1;
      int seen = counts[1]->load();
      while (seen < now && !counts[1]->compare_exchange_weak(seen, now)) {}
      counts[0]->fetch_sub(1);
      counts[2]->fetch_add(slot.has_value() ? 1 : 0);
    }
  };
  std::vector<Awaitable<void>> work;
  for (int i = 0; i < 2'000; ++i) {
    work.push_back(Worker::run(dispatcher, queue, {&running, &most, &done}));
  }

  struct Whole {
    static Awaitable<bool> run(Executor executor, std::vector<Awaitable<void>> all_work) {
      co_await all(std::move(executor), std::move(all_work));
      co_return true;
    }
  };
  const bool ended =
      wait_for(executors.blocking(), Whole::run(executors.blocking(), std::move(work)));

  EXPECT_TRUE(ended);
  EXPECT_EQ(done, 2'000);
  EXPECT_LE(most, 2);
}

}  // namespace
}  // namespace aion::serving
