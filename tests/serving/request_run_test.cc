// Many requests at once through queue, batch and model: each gets its own answer, whatever it was
// joined with.
#include "serving/request_run.h"

#include <atomic>
#include <deque>
#include <optional>
#include <thread>

#include <gtest/gtest.h>

#include "base/executor.h"
#include "base/spawn.h"
#include "tests/serving/fake_instance.h"

namespace aion::serving {
namespace {

/// Doubles every row, refuses negative ones, and counts its runs. Knows the thread of the last.
class Doubling final : public runtime::Instance {
 public:
  Doubling() {
    signature_.inputs.push_back({"IN", tensor::DataType::Fp32, {-1, 1}, false});
    signature_.outputs.push_back({"OUT", tensor::DataType::Fp32, {-1, 1}, false});
  }
  [[nodiscard]] const catalog::Signature& signature() const override { return signature_; }
  [[nodiscard]] Task<void> run(runtime::Batch batch,
                               CancelToken cancel,
                               runtime::ResponseSink& sink) override {
    ++runs;
    thread = std::this_thread::get_id();
    if (cancel.is_cancelled()) {
      co_return Error{Code::Cancelled, "cancelled"};
    }
    Rows rows = rows_in(batch.inputs.front());
    for (float& row : rows) {
      if (row < 0) {
        co_return Error{Code::InvalidArgument, "a row is negative"};
      }
      row *= 2;
    }
    runtime::Response response;
    response.outputs.push_back(tensor_of(rows));
    sink.send(std::move(response));
    co_return Result<void>{};
  }

  std::atomic<int> runs = 0;
  std::atomic<std::thread::id> thread;

 private:
  catalog::Signature signature_;
};

class OneAnswer final : public InferSink {
 public:
  void send(InferResponse response) override { answer = rows_in(response.outputs.front().tensor); }
  Rows answer;
};

/// One request after the other, as a client sends them: `wrong` counts answers that are not its
/// own.
struct Client {
  RequestRunner& runner;
  std::shared_ptr<LoadedVersion> loaded;
  int number = 0;
  std::atomic<int> right = 0;
  std::atomic<int> refused = 0;
  std::atomic<int> wrong = 0;

  void judge(const Result<void>& ended, const OneAnswer& sink, const Rows& rows) {
    if (rows.front() < 0) {
      ++(ended ? wrong : refused);
      return;
    }
    Rows expected = rows;
    for (float& row : expected) {
      row *= 2;
    }
    ++(ended && sink.answer == expected ? right : wrong);
  }
};

constexpr int kRequests = 200;

InferRequest request_of(const Rows& rows, std::uint64_t priority) {
  InferRequest request;
  request.model = "m";
  request.inputs.push_back({"IN", tensor_of(rows)});
  request.priority = priority;
  return request;
}

Awaitable<void> send_all(Client& client, Executor home) {
  for (int i = 0; i < kRequests; ++i) {
    co_await on(home);
    const auto first = static_cast<float>(client.number * kRequests + i + 1);
    Rows rows{i % 50 == 49 ? -1.0F : first};
    if (i % 3 == 0) {
      rows.push_back(0.5F);
    }
    OneAnswer sink;
    RequestContext context;
    CancelSource source;
    context.cancel = source.token();
    InferRequest request = request_of(rows, static_cast<std::uint64_t>(i % 4));
    const auto ended = co_await client.runner.run(client.loaded, context, std::move(request), sink);
    client.judge(ended, sink, rows);
  }
}

struct Case {
  const char* name;
  catalog::Batching batching;
  std::uint32_t instances = 0;
};

catalog::Batching dynamic(std::chrono::microseconds delay, bool keeps_order) {
  catalog::Batching batching;
  batching.mode = catalog::Batching::Mode::Dynamic;
  batching.max_delay = delay;
  batching.keeps_order = keeps_order;
  batching.levels = 3;
  batching.default_level = 2;
  return batching;
}

class RequestRunTest : public testing::TestWithParam<Case> {
 protected:
  // A proof may still run, and holds a slot of the dispatcher.
  void TearDown() override { executors_.join(); }

  std::shared_ptr<LoadedVersion> load() {
    auto instance = std::make_unique<Doubling>();
    instance_ = instance.get();
    catalog::ModelVersion version;
    version.name = "m";
    version.signature = instance->signature();
    version.max_batch_size = 16;
    version.batching = GetParam().batching;
    version.instances = GetParam().instances;
    const bool is_learned = version.batching.mode == catalog::Batching::Mode::Adaptive;
    QueueRule rule;
    rule.limit = 1'000;
    rule.instances = version.instances;
    rule.batching = version.batching;
    rule.batch_limit = std::make_shared<BatchLimit>(
        is_learned ? BatchLimit::Kind::Learned : BatchLimit::Kind::Fixed, 16);
    return std::make_shared<LoadedVersion>(
        std::move(version), std::move(instance), Dispatcher::make_queue(std::move(rule)));
  }

  Executors executors_{{2, 3, 1}};
  Dispatcher dispatcher_{
      {executors_.compute(), executors_.io(0), 2}, executors_.clock(), sched::first_come};
  RequestRunner runner_{{dispatcher_, executors_.clock(), Duration{0}}};
  Doubling* instance_ = nullptr;
};

Awaitable<bool> wait_for_all(Executor executor, std::vector<Awaitable<void>> work) {
  co_await all(std::move(executor), std::move(work));
  co_return true;
}

TEST_P(RequestRunTest, GivesEveryRequestItsOwnAnswer) {
  const auto loaded = load();
  std::deque<Client> clients;
  std::vector<Awaitable<void>> work;
  for (int i = 0; i < 16; ++i) {
    clients.emplace_back(runner_, loaded, i);
    work.push_back(send_all(clients.back(), executors_.io(static_cast<std::size_t>(i) % 2)));
  }

  ASSERT_TRUE(
      wait_for(executors_.blocking(), wait_for_all(executors_.blocking(), std::move(work))));

  int right = 0;
  int refused = 0;
  for (const Client& client : clients) {
    EXPECT_EQ(client.wrong, 0);
    right += client.right;
    refused += client.refused;
  }
  EXPECT_EQ(refused, 16 * kRequests / 50);
  EXPECT_EQ(right + refused, 16 * kRequests);
  const StatisticsSnapshot seen = loaded->statistics.snapshot();
  EXPECT_EQ(seen.success.count, static_cast<std::uint64_t>(right));
  EXPECT_EQ(seen.fail.count, static_cast<std::uint64_t>(refused));
  EXPECT_LE(seen.execution_count, seen.success.count);
  EXPECT_EQ(loaded->queue->size(), 0U);
  EXPECT_TRUE(dispatcher_.is_idle());
}

/// Requests one after another; how many of them ran on the thread that they came on.
Awaitable<int> run_alone(RequestRunner& runner,
                         std::shared_ptr<LoadedVersion> loaded,
                         const Doubling& model,
                         Executor home) {
  int here = 0;
  for (int i = 0; i < 2 * kRequests; ++i) {
    co_await on(home);
    const std::thread::id came_on = std::this_thread::get_id();
    OneAnswer sink;
    InferRequest request = request_of({1}, 0);
    RequestContext context;
    const auto ended = co_await runner.run(loaded, context, std::move(request), sink);
    EXPECT_TRUE(ended) << ended.error().message;
    here += model.thread == came_on ? 1 : 0;
  }
  co_return here;
}

class LoneRequestTest : public RequestRunTest {
 protected:
  int run_alone_below(Duration inline_below) {
    RequestRunner runner({dispatcher_, executors_.clock(), inline_below});
    const auto loaded = load();
    return wait_for(executors_.blocking(), run_alone(runner, loaded, *instance_, executors_.io(0)));
  }
};

TEST_P(LoneRequestTest, RunsWhereItArrived) {
  // Doubling takes far below a millisecond, and a lone request may take 20 times as long as others.
  EXPECT_GT(run_alone_below(std::chrono::milliseconds(50)), 300);
}

TEST_P(LoneRequestTest, RunsOnAThreadForRunsWhereThatIsOff) {
  EXPECT_EQ(run_alone_below(Duration{0}), 0);
}

INSTANTIATE_TEST_SUITE_P(Alone, LoneRequestTest, testing::Values(Case{"adaptive", {}, 0}));

INSTANTIATE_TEST_SUITE_P(
    Batching,
    RequestRunTest,
    testing::Values(Case{"adaptive", {}, 0},
                    Case{"joined", dynamic(std::chrono::microseconds(0), false), 0},
                    Case{"waiting", dynamic(std::chrono::microseconds(200), false), 1},
                    Case{"in_order", dynamic(std::chrono::microseconds(0), true), 0}),
    [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace aion::serving
