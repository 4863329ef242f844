#include "runtime/backend/worker.h"

#include <array>
#include <chrono>
#include <filesystem>
#include <future>
#include <optional>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/manual_clock.h"
#include "base/spawn.h"
#include "runtime/backend/echo.h"
#include "tests/runtime/backend/children.h"
#include "tests/runtime/backend/collecting_sink.h"

namespace aion::runtime {
namespace {

using std::chrono::milliseconds;
using tensor::DataType;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

/// Workers are this very program, started again: see main.cc.
class WorkerTest : public testing::Test {
 protected:
  static WorkerOptions options() {
    WorkerOptions options;
    options.program = "/proc/self/exe";
    options.ring_bytes = 65536;
    return options;
  }

  static catalog::ModelVersion version(const std::string& mode) {
    catalog::ModelVersion version;
    version.name = "parrot";
    version.number = 3;
    version.backend = "echo";
    version.is_decoupled = mode == "repeat";
    version.parameters["mode"] = mode;
    return version;
  }

  Result<std::unique_ptr<Instance>> open(catalog::ModelVersion version,
                                         WorkerOptions with = options()) {
    backend_ = make_worker(*echo_, clock_, std::move(with));
    return wait_for(inline_executor(), backend_->open(std::move(version), resource::Lease()));
  }

  std::unique_ptr<Instance> opened(const std::string& mode) {
    auto instance = open(version(mode));
    EXPECT_TRUE(instance) << instance.error().message;
    return *std::move(instance);
  }

  Result<void> run(Instance& instance, Batch batch) {
    return wait_for(inline_executor(), instance.run(std::move(batch), source_.token(), sink_));
  }

  /// Begins a run that ends on the worker's thread.
  std::future<Result<void>> begin(Instance& instance, Batch batch) {
    auto promise = std::make_shared<std::promise<Result<void>>>();
    spawn(inline_executor(),
          fulfil(instance.run(std::move(batch), source_.token(), sink_), promise));
    return promise->get_future();
  }

  static Awaitable<void> fulfil(Task<void> task,
                                std::shared_ptr<std::promise<Result<void>>> promise) {
    promise->set_value(co_await std::move(task));
  }

  Awaitable<void> run_and_destroy(std::unique_ptr<Instance> instance) {
    const auto outcome = co_await instance->run(now(), source_.token(), sink_);
    EXPECT_TRUE(outcome);
    instance.reset();
  }

  static Batch an_hour() { return {{floats({1})}, {0}, {{"delay_ms", std::int64_t{3'600'000}}}}; }
  static Batch now() { return {{floats({1})}, {0}, {}}; }

  static Batch repeat_batch(const std::vector<std::int32_t>& in,
                            const std::vector<std::uint32_t>& delay) {
    return {{make_tensor(DataType::Int32, in),
             make_tensor(DataType::Uint32, delay),
             make_tensor(DataType::Uint32, std::vector{0U})},
            {0, 1},
            {}};
  }

  /// Lets time pass until the worker is back.
  Result<void> run_when_back(Instance& instance) {
    auto outcome = run(instance, now());
    while (!outcome && outcome.error().code == Code::Unavailable) {
      clock_.advance(milliseconds(100));
      std::this_thread::yield();
      outcome = run(instance, now());
    }
    return outcome;
  }

  ManualClock clock_;
  std::unique_ptr<Backend> echo_ = make_echo(clock_);
  std::unique_ptr<Backend> backend_;
  CancelSource source_;
  CollectingSink sink_;
};

TEST_F(WorkerTest, RunsInAProcessOfItsOwn) {
  const auto before = children();
  const auto instance = opened("identity");

  const auto outcome = run(*instance, {{floats({1.5F, -2})}, {0}, {}});

  EXPECT_THAT(children(), SizeIs(before.size() + 1));
  ASSERT_TRUE(outcome) << outcome.error().message;
  ASSERT_THAT(sink_.responses(), SizeIs(1));
  EXPECT_THAT(values_of<float>(sink_.responses()[0].outputs[0]), ElementsAre(1.5F, -2));
}

TEST_F(WorkerTest, KnowsTheSignatureThatTheInnerBackendCompleted) {
  const auto instance = opened("identity");

  ASSERT_THAT(instance->signature().inputs, SizeIs(1));
  EXPECT_EQ(instance->signature().inputs[0].name, "INPUT0");
  EXPECT_THAT(instance->signature().inputs[0].shape, ElementsAre(-1));
}

TEST_F(WorkerTest, HasTheNameAndTheEstimateOfTheInnerBackend) {
  backend_ = make_worker(*echo_, clock_, options());

  EXPECT_EQ(backend_->name(), "echo");
  EXPECT_EQ(backend_->estimate({})->held.cores, 0);
}

TEST_F(WorkerTest, CarriesTensorsManyTimesLargerThanTheRing) {
  const auto instance = opened("identity");
  std::vector<float> values(2'000'000);
  values.front() = 1;
  values.back() = 2;

  const auto outcome = run(*instance, {{floats(values)}, {0}, {}});

  ASSERT_TRUE(outcome);
  EXPECT_EQ(values_of<float>(sink_.responses().at(0).outputs[0]), values);
}

TEST_F(WorkerTest, HasManyRunsUnderWayAtOnce) {
  const auto instance = opened("delay");
  std::vector<std::future<Result<void>>> runs;

  for (int i = 0; i < 200; ++i) {
    runs.push_back(begin(
        *instance, {{floats(std::vector<float>(10'000))}, {0}, {{"delay_ms", std::int64_t{1}}}}));
  }

  for (auto& run : runs) {
    EXPECT_TRUE(run.get());
  }
  EXPECT_THAT(sink_.responses(), SizeIs(200));
}

TEST_F(WorkerTest, PassesSeveralResponsesOnInOrder) {
  const auto instance = opened("repeat");

  const auto outcome = run(*instance, repeat_batch({7, 8, 9}, {0, 1, 0}));

  ASSERT_TRUE(outcome);
  ASSERT_THAT(sink_.responses(), SizeIs(3));
  EXPECT_THAT(values_of<std::int32_t>(sink_.responses()[2].outputs[0]), ElementsAre(9));
  EXPECT_THAT(values_of<std::uint32_t>(sink_.responses()[2].outputs[1]), ElementsAre(2U));
}

TEST_F(WorkerTest, PassesTheErrorOfARunOn) {
  const auto instance = opened("repeat");

  const auto outcome = run(*instance, repeat_batch({7, 8}, {0}));

  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Code::InvalidArgument);
  EXPECT_EQ(outcome.error().message,
            "input 'DELAY': expected one element for each of the 2 of 'IN', got 1");
}

TEST_F(WorkerTest, PassesTheErrorOfALoadOnAndLeavesNoProcess) {
  const auto before = children();

  const auto instance = open(version("shout"));

  ASSERT_FALSE(instance);
  EXPECT_EQ(instance.error().code, Code::InvalidArgument);
  EXPECT_EQ(instance.error().message,
            "parameter 'mode': expected identity, delay or repeat, got 'shout'");
  EXPECT_EQ(children(), before);
}

TEST_F(WorkerTest, EndsARunAtOnceWhenItIsCancelled) {
  const auto instance = opened("delay");

  auto cancelled = begin(*instance, an_hour());
  source_.cancel();

  const auto outcome = cancelled.get();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Code::Cancelled);
  EXPECT_THAT(sink_.responses(), IsEmpty());
}

TEST_F(WorkerTest, LetsASinkCancelItsOwnRun) {
  class CancellingSink final : public ResponseSink {
   public:
    explicit CancellingSink(CancelSource source) : source_(std::move(source)) {}
    void send(Response /*response*/) override { source_.cancel(); }

   private:
    CancelSource source_;
  };
  const auto instance = opened("repeat");
  CancellingSink sink(source_);

  const auto outcome =
      wait_for(inline_executor(),
               instance->run(repeat_batch({7, 8}, {0, 3'600'000}), source_.token(), sink));

  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Code::Cancelled);
}

TEST_F(WorkerTest, FailsTheRunsInsideADeadProcessAndComesBack) {
  const auto before = children();
  const auto instance = opened("delay");
  auto inside = begin(*instance, an_hour());

  for (const pid_t child : children()) {
    if (!before.contains(child)) {
      ::kill(child, SIGKILL);
    }
  }

  const auto outcome = inside.get();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Code::Unavailable);
  EXPECT_EQ(
      outcome.error().message,
      "the worker process of model 'parrot' version 3 died (signal 9); it is being started again");
  const auto while_down = run(*instance, now());
  ASSERT_FALSE(while_down);
  EXPECT_EQ(while_down.error().code, Code::Unavailable);
  EXPECT_TRUE(run_when_back(*instance));
}

TEST_F(WorkerTest, ComesBackAsOftenAsItDies) {
  const auto instance = opened("delay");

  for (int i = 0; i < 5; ++i) {
    for (const pid_t child : children()) {
      ::kill(child, SIGKILL);
    }
    ASSERT_TRUE(run_when_back(*instance));
  }
}

TEST_F(WorkerTest, WaitsTwiceAsLongAfterEachDeath) {
  WorkerOptions with = options();
  with.first_restart_delay = std::chrono::seconds(1);
  const auto instance = *open(version("delay"), with);
  const auto kill_inside = [&] {
    auto inside = begin(*instance, an_hour());
    for (const pid_t child : children()) {
      ::kill(child, SIGKILL);
    }
    static_cast<void>(inside.get());
  };
  const auto start = clock_.now();
  kill_inside();
  ASSERT_TRUE(run_when_back(*instance));
  const auto second = clock_.now();
  kill_inside();
  ASSERT_TRUE(run_when_back(*instance));

  EXPECT_GE(second - start, std::chrono::seconds(1));
  EXPECT_GE(clock_.now() - second, std::chrono::seconds(2));
}

TEST_F(WorkerTest, SaysWhichProgramCannotBeStarted) {
  WorkerOptions with = options();
  with.program = "/nonexistent/aion";

  const auto instance = open(version("identity"), with);

  ASSERT_FALSE(instance);
  EXPECT_EQ(instance.error().message,
            "cannot start the worker program '/nonexistent/aion': No such file or directory");
}

TEST_F(WorkerTest, SaysThatTheProcessEndedWhileItOpenedTheModel) {
  WorkerOptions with = options();
  with.arguments = {"--exit"};

  const auto instance = open(version("identity"), with);

  ASSERT_FALSE(instance);
  EXPECT_EQ(instance.error().code, Code::Unavailable);
  EXPECT_EQ(instance.error().message,
            "the worker process of model 'parrot' version 3 ended (exit status 7) while it opened "
            "the model");
}

TEST_F(WorkerTest, KillsAProcessThatSaysNothing) {
  const auto before = children();
  WorkerOptions with = options();
  with.arguments = {"--silent"};
  with.hello_limit = milliseconds(20);

  const auto instance = open(version("identity"), with);

  ASSERT_FALSE(instance);
  EXPECT_THAT(instance.error().message, HasSubstr("was killed: it said nothing after its start"));
  EXPECT_EQ(children(), before);
}

TEST_F(WorkerTest, KillsAProcessThatWritesRubbish) {
  const auto before = children();
  WorkerOptions with = options();
  with.arguments = {"--spoil"};

  const auto instance = open(version("identity"), with);

  ASSERT_FALSE(instance);
  EXPECT_EQ(instance.error().code, Code::Unavailable);
  EXPECT_THAT(instance.error().message,
              HasSubstr("corrupted ring: a record does not begin with the mark"));
  EXPECT_EQ(children(), before);
}

TEST_F(WorkerTest, GivesTheLeaseBackWhenTheProcessHasEnded) {
  std::optional<std::size_t> children_at_return;
  resource::Lease lease({"model parrot", {}, {}},
                        [&](const resource::Claim&) { children_at_return = children().size(); });
  const auto before = children().size();
  backend_ = make_worker(*echo_, clock_, options());
  auto instance =
      *wait_for(inline_executor(), backend_->open(version("identity"), std::move(lease)));
  EXPECT_FALSE(children_at_return);

  instance.reset();

  EXPECT_EQ(children_at_return, before);
}

TEST_F(WorkerTest, MayBeDestroyedByTheRunThatHasJustEnded) {
  std::promise<void> given_back;
  resource::Lease lease({"model parrot", {}, {}},
                        [&](const resource::Claim&) { given_back.set_value(); });
  backend_ = make_worker(*echo_, clock_, options());
  auto instance =
      *wait_for(inline_executor(), backend_->open(version("identity"), std::move(lease)));

  spawn(inline_executor(), run_and_destroy(std::move(instance)));

  given_back.get_future().get();
}

TEST_F(WorkerTest, DiesWithTheProcessThatStartedIt) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    ::dup2(pipe[1], STDOUT_FILENO);
    ::execl("/proc/self/exe", "test", "hold", nullptr);
    ::_exit(1);
  }
  ::close(pipe[1]);
  pid_t worker = 0;
  ASSERT_EQ(::read(pipe[0], &worker, sizeof(worker)), static_cast<ssize_t>(sizeof(worker)));
  ::close(pipe[0]);
  pollfd end_of_worker{static_cast<int>(::syscall(SYS_pidfd_open, worker, 0)), POLLIN, 0};
  ASSERT_GE(end_of_worker.fd, 0);

  ::kill(parent, SIGKILL);

  EXPECT_EQ(::poll(&end_of_worker, 1, 60'000), 1) << "the worker lives on";
  ::close(end_of_worker.fd);
  ::waitpid(parent, nullptr, 0);
}

TEST_F(WorkerTest, LeavesNothingBehindAfterManyOpenings) {
  opened("identity").reset();
  const auto descriptors = open_descriptors();
  const auto processes = children();

  for (int i = 0; i < 50; ++i) {
    const auto instance = opened("identity");
    ASSERT_TRUE(run(*instance, now()));
  }

  EXPECT_EQ(open_descriptors(), descriptors);
  EXPECT_EQ(children(), processes);
}

}  // namespace
}  // namespace aion::runtime
