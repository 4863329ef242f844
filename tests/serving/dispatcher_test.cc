#include "serving/dispatcher.h"

#include <deque>
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
    explicit Client(std::string called) : name(std::move(called)) {}
    std::string name;
    std::optional<Dispatcher::Slot> slot;
    std::optional<Error> error;
    QueuedRequest request;
    std::uint64_t ticket = 0;
  };

  /// A queue without batching.
  static std::shared_ptr<Dispatcher::Queue> make_queue(std::size_t limit) {
    QueueRule rule;
    rule.limit = limit;
    return Dispatcher::make_queue(std::move(rule));
  }

  /// Of a model whose runs of late have had to share their cores: two rows had better run together.
  static QueueRule rule_of_shared_cores() {
    QueueRule rule;
    rule.limit = 8;
    rule.batch_limit = std::make_shared<BatchLimit>(BatchLimit::Kind::Learned, 2);
    BatchLimit& limit = *rule.batch_limit;
    EXPECT_TRUE(limit.begin_proof());
    limit.end_proof(BatchLimit::Trust::Proved);
    for (int i = 0; i < 100; ++i) {
      for (const std::uint64_t rows : {1U, 2U}) {
        limit.observe(rows, {std::chrono::microseconds(500), std::chrono::microseconds(300)});
      }
      static_cast<void>(limit.rows());
    }
    return rule;
  }

  Awaitable<void> wait_on(Dispatcher& dispatcher,
                          Client& client,
                          std::shared_ptr<Dispatcher::Queue> queue,
                          RequestContext context = {}) {
    auto turn = co_await dispatcher.acquire(std::move(queue), client.request, context);
    if (!turn) {
      client.error = turn.error();
      co_return;
    }
    ran_.push_back(client.name);
    client.ticket = turn->ticket;
    if (turn->slot) {
      client.slot.emplace(*std::move(turn->slot));
    }
    for (Dispatcher::Companion& companion : turn->companions) {
      companion.request().answer = runtime::Response{};
      companion.go_on(inline_executor());
    }
  }

  void submit(Client& client,
              const std::shared_ptr<Dispatcher::Queue>& queue,
              RequestContext context = {}) {
    spawn(inline_executor(), wait_on(dispatcher_, client, queue, std::move(context)));
  }

  ManualClock clock_;
  Dispatcher dispatcher_{{inline_executor(), inline_executor(), 1}, clock_, sched::first_come};
  std::vector<std::string> ran_;
};

TEST_F(DispatcherTest, GivesAFreeSlotAtOnce) {
  Client a{"a"};

  submit(a, make_queue(8));

  EXPECT_TRUE(a.slot);
}

TEST_F(DispatcherTest, LetsTheSecondRequestWaitUntilTheSlotIsGivenBack) {
  const auto queue = make_queue(8);
  Client a{"a"};
  Client b{"b"};
  submit(a, queue);
  submit(b, queue);
  ASSERT_FALSE(b.slot);
  ASSERT_FALSE(dispatcher_.is_idle());

  a.slot.reset();

  EXPECT_TRUE(b.slot);
  EXPECT_TRUE(dispatcher_.is_idle());
}

TEST_F(DispatcherTest, ServesFirstComeFirstOverAllQueues) {
  const auto cat = make_queue(8);
  const auto dog = make_queue(8);
  Client a{"a"};
  Client b{"b"};
  Client c{"c"};
  Client d{"d"};
  submit(a, cat);
  submit(b, dog);
  submit(c, cat);
  submit(d, dog);

  a.slot.reset();
  b.slot.reset();
  c.slot.reset();

  EXPECT_EQ(ran_, (std::vector<std::string>{"a", "b", "c", "d"}));
}

TEST_F(DispatcherTest, ServesTheEarlierDeadlineFirstWhateverTheOrder) {
  Client busy{"busy"};
  Client late{"late"};
  Client early{"early"};
  Client none{"none"};
  submit(busy, make_queue(8));
  submit(none, make_queue(8));
  RequestContext context;
  context.deadline = clock_.now() + milliseconds{200};
  submit(late, make_queue(8), context);
  context.deadline = clock_.now() + milliseconds{100};
  submit(early, make_queue(8), context);

  busy.slot.reset();
  early.slot.reset();
  late.slot.reset();

  EXPECT_EQ(ran_, (std::vector<std::string>{"busy", "early", "late", "none"}));
}

TEST_F(DispatcherTest, GoesByTheOrderAloneWhereDeadlinesAreNotHonoured) {
  Dispatcher dispatcher(
      {inline_executor(), inline_executor(), 1, 0, false}, clock_, sched::first_come);
  Client busy{"busy"};
  Client first{"first"};
  Client urgent{"urgent"};
  RequestContext context;
  context.deadline = clock_.now() + milliseconds{100};
  context.criticality = Criticality::Safety;
  spawn(inline_executor(), wait_on(dispatcher, busy, make_queue(8)));
  spawn(inline_executor(), wait_on(dispatcher, first, make_queue(8)));
  spawn(inline_executor(), wait_on(dispatcher, urgent, make_queue(8), context));

  busy.slot.reset();
  first.slot.reset();

  EXPECT_EQ(ran_, (std::vector<std::string>{"busy", "first", "urgent"}));
}

TEST_F(DispatcherTest, ServesTheEarlierDeadlineOfOneQueueFirst) {
  const auto queue = make_queue(8);
  Client busy{"busy"};
  Client late{"late"};
  Client early{"early"};
  submit(busy, queue);
  RequestContext context;
  context.deadline = clock_.now() + milliseconds{200};
  submit(late, queue, context);
  context.deadline = clock_.now() + milliseconds{100};
  submit(early, queue, context);

  busy.slot.reset();

  EXPECT_TRUE(early.slot);
}

TEST_F(DispatcherTest, RefusesWhatCannotMeetItsDeadlineAsSoonAsThatIsSo) {
  Client busy{"busy"};
  Client late{"late"};
  late.request.usual_cost = milliseconds{30};
  submit(busy, make_queue(8));
  RequestContext context;
  context.deadline = clock_.now() + milliseconds{100};
  submit(late, make_queue(8), context);

  clock_.advance(milliseconds{69});
  EXPECT_FALSE(late.error);
  clock_.advance(milliseconds{1});

  ASSERT_TRUE(late.error);
  EXPECT_EQ(late.error->code, Code::Unavailable);
  EXPECT_EQ(late.error->message,
            "the deadline cannot be met any more: the run alone takes about 30000 us");
  EXPECT_TRUE(dispatcher_.is_idle());
}

TEST_F(DispatcherTest, LetsOneOfManyHopelessRequestsTellWhetherTheyAre) {
  const auto queue = make_queue(8);
  RequestContext context;
  context.deadline = clock_.now() + milliseconds{10};
  int ran = 0;
  for (int i = 0; i < 16; ++i) {
    Client client{"c"};
    client.request.usual_cost = milliseconds{30};
    submit(client, queue, context);
    ran += client.slot ? 1 : 0;
  }

  EXPECT_EQ(ran, 1);
}

TEST_F(DispatcherTest, KeepsReservedSlotsForTheSafetyClass) {
  Dispatcher dispatcher(
      {inline_executor(), inline_executor(), 2, 1, true}, clock_, sched::first_come);
  Client a{"a"};
  Client b{"b"};
  Client urgent{"urgent"};
  RequestContext context;
  context.criticality = Criticality::Safety;
  spawn(inline_executor(), wait_on(dispatcher, a, make_queue(8)));
  spawn(inline_executor(), wait_on(dispatcher, b, make_queue(8)));
  spawn(inline_executor(), wait_on(dispatcher, urgent, make_queue(8), context));

  EXPECT_TRUE(a.slot);
  EXPECT_FALSE(b.slot);
  EXPECT_TRUE(urgent.slot);
  a.slot.reset();
  urgent.slot.reset();
  EXPECT_TRUE(b.slot);
}

TEST_F(DispatcherTest, LendsTheDeviceToAnUrgentRequestBetweenTwoSteps) {
  Client longest{"long"};
  Client urgent{"urgent"};
  submit(longest, make_queue(8));
  bool has_gone_on = false;
  const auto step = [](Dispatcher::Slot& slot, bool& gone_on) -> Awaitable<void> {
    co_await slot.between_steps();
    gone_on = true;
  };
  RequestContext context;
  context.deadline = clock_.now() + milliseconds{10};
  context.criticality = Criticality::Safety;
  submit(urgent, make_queue(8), context);
  ASSERT_FALSE(urgent.slot);

  spawn(inline_executor(), step(*longest.slot, has_gone_on));
  ASSERT_TRUE(urgent.slot);
  EXPECT_FALSE(has_gone_on);
  urgent.slot.reset();

  EXPECT_TRUE(has_gone_on);
}

TEST_F(DispatcherTest, DoesNotHoldARunUpForWhatIsLessUrgent) {
  Client longest{"long"};
  Client later{"later"};
  RequestContext context;
  context.deadline = clock_.now() + milliseconds{10};
  context.criticality = Criticality::Safety;
  submit(longest, make_queue(8), context);
  context.deadline = clock_.now() + milliseconds{50};
  submit(later, make_queue(8), context);
  bool has_gone_on = false;
  const auto step = [](Dispatcher::Slot& slot, bool& gone_on) -> Awaitable<void> {
    co_await slot.between_steps();
    gone_on = true;
  };

  spawn(inline_executor(), step(*longest.slot, has_gone_on));

  EXPECT_TRUE(has_gone_on);
  EXPECT_FALSE(later.slot);
  longest.slot.reset();
  EXPECT_TRUE(later.slot);
}

TEST_F(DispatcherTest, ServesTheModelFirstWhoseRunsAreShortWhereTheOrderSaysSo) {
  Dispatcher dispatcher({inline_executor(), inline_executor(), 1}, clock_, sched::aging_shortest);
  Client busy{"busy"};
  Client large{"large"};
  Client small{"small"};
  large.request.usual_cost = milliseconds{10};
  small.request.usual_cost = std::chrono::microseconds{100};
  spawn(inline_executor(), wait_on(dispatcher, busy, make_queue(8)));
  spawn(inline_executor(), wait_on(dispatcher, large, make_queue(8)));
  spawn(inline_executor(), wait_on(dispatcher, small, make_queue(8)));

  busy.slot.reset();
  small.slot.reset();
  large.slot.reset();

  EXPECT_EQ(ran_, (std::vector<std::string>{"busy", "small", "large"}));
}

TEST_F(DispatcherTest, RefusesAtOnceWhenTheQueueIsFull) {
  const auto queue = make_queue(1);
  Client a{"a"};
  Client b{"b"};
  Client c{"c"};
  submit(a, queue);
  submit(b, queue);

  submit(c, queue);

  ASSERT_TRUE(c.error);
  EXPECT_EQ(c.error->code, Code::Unavailable);
  EXPECT_EQ(c.error->message, "Exceeds maximum queue size");
  a.slot.reset();
  b.slot.reset();
}

TEST_F(DispatcherTest, DropsARequestWhenItsDeadlinePassesInTheQueue) {
  const auto queue = make_queue(8);
  Client a{"a"};
  Client b{"b"};
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
  const auto queue = make_queue(8);
  Client a{"a"};
  Client b{"b"};
  Client c{"c"};
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
  Client a{"a"};
  CancelSource source;
  source.cancel();
  RequestContext cancelled;
  cancelled.cancel = source.token();

  submit(a, make_queue(8), cancelled);

  ASSERT_TRUE(a.error);
  EXPECT_EQ(a.error->code, Code::Cancelled);
}

/// A queue whose requests may all be joined.
std::shared_ptr<Dispatcher::Queue> joining_queue(catalog::Batching batching, std::uint64_t rows) {
  QueueRule rule;
  rule.limit = 8;
  rule.batching = std::move(batching);
  rule.batch_limit = std::make_shared<BatchLimit>(BatchLimit::Kind::Fixed, rows);
  return Dispatcher::make_queue(std::move(rule));
}

TEST_F(DispatcherTest, GivesOneSlotToAllThatWaitAndFitTogether) {
  const auto queue = joining_queue({}, 8);
  Client a{"a"};
  Client b{"b"};
  Client c{"c"};
  for (Client* const client : {&a, &b, &c}) {
    client->request.rows = 1;
    submit(*client, queue);
  }

  a.slot.reset();

  EXPECT_TRUE(b.slot);
  EXPECT_FALSE(c.slot);
  EXPECT_TRUE(c.request.answer);
  EXPECT_EQ(ran_, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(c.ticket, 2U);
}

TEST_F(DispatcherTest, LetsAQueueWaitForMoreRequestsWhileOthersGo) {
  catalog::Batching patient;
  patient.max_delay = std::chrono::microseconds(500);
  const auto waiting = joining_queue(patient, 2);
  Client a{"a"};
  Client b{"b"};
  a.request.rows = 1;
  submit(a, waiting);
  ASSERT_FALSE(a.slot);

  submit(b, make_queue(8));
  EXPECT_TRUE(b.slot);
  b.slot.reset();
  clock_.advance(std::chrono::microseconds(500));

  EXPECT_TRUE(a.slot);
}

TEST_F(DispatcherTest, DoesNotWaitOnceTheBatchIsFull) {
  catalog::Batching patient;
  patient.max_delay = std::chrono::microseconds(500);
  const auto queue = joining_queue(patient, 2);
  Client a{"a"};
  Client b{"b"};
  a.request.rows = 1;
  b.request.rows = 1;

  submit(a, queue);
  submit(b, queue);

  EXPECT_TRUE(a.slot);
  EXPECT_TRUE(b.request.answer);
}

TEST_F(DispatcherTest, BeginsNoSmallRunBesideAnotherWhereRunsShareTheirCores) {
  Dispatcher dispatcher({inline_executor(), inline_executor(), 2}, clock_, sched::first_come);
  const auto queue = Dispatcher::make_queue(rule_of_shared_cores());
  Client a{"a"};
  Client b{"b"};
  Client c{"c"};
  for (Client* const client : {&a, &b, &c}) {
    client->request.rows = 1;
  }

  spawn(inline_executor(), wait_on(dispatcher, a, queue));
  spawn(inline_executor(), wait_on(dispatcher, b, queue));
  EXPECT_TRUE(a.slot);
  EXPECT_FALSE(b.slot);
  spawn(inline_executor(), wait_on(dispatcher, c, queue));

  EXPECT_TRUE(b.slot);
  EXPECT_TRUE(c.request.answer);
  a.slot.reset();
  b.slot.reset();
}

TEST_F(DispatcherTest, HoldsNothingBackForARunThatTakesLong) {
  Dispatcher dispatcher({inline_executor(), inline_executor(), 2}, clock_, sched::first_come);
  const auto queue = Dispatcher::make_queue(rule_of_shared_cores());
  Client a{"a"};
  Client b{"b"};
  a.request.rows = b.request.rows = 1;
  spawn(inline_executor(), wait_on(dispatcher, a, queue));
  spawn(inline_executor(), wait_on(dispatcher, b, queue));
  ASSERT_FALSE(b.slot);

  clock_.advance(BatchLimit::kLongestAwaited);

  EXPECT_TRUE(b.slot);
  a.slot.reset();
  b.slot.reset();
}

TEST_F(DispatcherTest, ServesMoreUrgentLevelsFirst) {
  const auto queue = make_queue(8);
  Client a{"a"};
  Client b{"b"};
  Client c{"c"};
  b.request.level = 2;
  c.request.level = 1;
  submit(a, queue);
  submit(b, queue);
  submit(c, queue);

  a.slot.reset();
  c.slot.reset();

  EXPECT_EQ(ran_, (std::vector<std::string>{"a", "c", "b"}));
}

TEST_F(DispatcherTest, RefusesWhatHasWaitedTooLong) {
  const auto queue = make_queue(8);
  Client a{"a"};
  Client b{"b"};
  b.request.expires = clock_.now() + milliseconds{5};
  submit(a, queue);
  submit(b, queue);

  clock_.advance(milliseconds{5});

  ASSERT_TRUE(b.error);
  EXPECT_EQ(b.error->code, Code::Unavailable);
  EXPECT_EQ(b.error->message, "Request timeout expired");
}

TEST_F(DispatcherTest, PutsWhatHasWaitedTooLongBehindTheOthersOfItsLevelIfItMay) {
  const auto queue = make_queue(8);
  Client a{"a"};
  Client b{"b"};
  Client c{"c"};
  Client d{"d"};
  b.request.expires = clock_.now() + milliseconds{5};
  b.request.expires_behind = true;
  d.request.level = 1;
  submit(a, queue);
  submit(b, queue);
  submit(c, queue);
  submit(d, queue);
  clock_.advance(milliseconds{5});

  a.slot.reset();
  c.slot.reset();
  b.slot.reset();

  EXPECT_EQ(ran_, (std::vector<std::string>{"a", "c", "b", "d"}));
}

TEST_F(DispatcherTest, RunsNoMoreAtOnceThanTheInstancesOfAModel) {
  Dispatcher two({inline_executor(), inline_executor(), 2}, clock_, sched::first_come);
  QueueRule rule;
  rule.limit = 8;
  rule.instances = 1;
  const auto queue = Dispatcher::make_queue(rule);
  Client a{"a"};
  Client b{"b"};
  Client c{"c"};
  spawn(inline_executor(), wait_on(two, a, queue));
  spawn(inline_executor(), wait_on(two, b, queue));
  spawn(inline_executor(), wait_on(two, c, make_queue(8)));
  EXPECT_TRUE(a.slot);
  EXPECT_FALSE(b.slot);
  EXPECT_TRUE(c.slot);

  a.slot.reset();

  EXPECT_TRUE(b.slot);
  b.slot.reset();
  c.slot.reset();
}

TEST_F(DispatcherTest, HoldsTheLimitOfALevelAndOfTheWhole) {
  QueueRule rule;
  rule.limit = 3;
  rule.batching.level_policies[1].limit = 1;
  const auto queue = Dispatcher::make_queue(rule);
  std::deque<Client> clients;
  for (const std::uint64_t level : {2, 1, 1, 2, 2, 2, 2}) {
    clients.emplace_back("x");
    clients.back().request.level = level;
    submit(clients.back(), queue);
  }

  std::vector<bool> refused;
  for (const Client& client : clients) {
    refused.push_back(client.error.has_value());
  }

  // The first runs; one of level 1, by its own limit, and three of level 2 wait.
  EXPECT_EQ(refused, (std::vector<bool>{false, false, true, false, false, false, true}));
  for (Client& client : clients) {
    client.slot.reset();
  }
}

TEST_F(DispatcherTest, LeavesNoSlotBehindWhenManyThreadsCompete) {
  Executors executors({1, 4, 1});
  Dispatcher dispatcher(
      {executors.compute(), executors.io(0), 2}, executors.clock(), sched::first_come);
  const auto queue = make_queue(10'000);
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  std::atomic<int> done = 0;
  struct Worker {
    static Awaitable<void> run(Dispatcher& dispatcher,
                               std::shared_ptr<Dispatcher::Queue> queue,
                               std::array<std::atomic<int>*, 3> counts) {
      const RequestContext context;
      QueuedRequest request;
      const auto turn = co_await dispatcher.acquire(std::move(queue), request, context);
      const int now = counts[0]->fetch_add(1) + 1;
      int seen = counts[1]->load();
      while (seen < now && !counts[1]->compare_exchange_weak(seen, now)) {}
      counts[0]->fetch_sub(1);
      counts[2]->fetch_add(turn.has_value() ? 1 : 0);
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
