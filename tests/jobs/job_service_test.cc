// Jobs from their submission to their end, with the real store, ledger and engine; also across the
// end of the daemon.
#include "jobs/job_service.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "base/spawn.h"
#include "jobs/engine/local.h"
#include "jobs/migrations.h"
#include "sched/policies.h"
#include "store/sqlite/sqlite_store.h"
#include "tests/temporary_folder.h"

namespace aion::jobs {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::chrono::seconds kLimit{30};  // a test that waits so long has failed
// Between two looks at what another process does: a test that spins takes the core that it waits
// for.
constexpr std::chrono::milliseconds kPause{1};
constexpr resource::DeviceId kCpu{resource::DeviceKind::Cpu, 0};

/// One life of the daemon's parts that jobs need.
struct Life {
  explicit Life(const std::filesystem::path& folder, double cores = 2)
      : ledger({{kCpu, {4, Bytes::mebi(1024)}, {{0, 0, 0}, {1, 1, 0}, {2, 2, 0}, {3, 3, 0}}}}),
        store(*store::SqliteStore::open(options(folder), migrations(), executors.blocking())),
        engine(executors, log, {folder / "jobs", AION_SUPERVISOR}),
        service({executors, *store, ledger, engine, log}, config(cores)) {}
  ~Life() {
    EXPECT_TRUE(wait_for(executors.blocking(), service.stop()));
    executors.join();
  }
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  static store::SqliteStore::Options options(const std::filesystem::path& folder) {
    store::SqliteStore::Options options;
    options.file = folder / "aion.db";
    return options;
  }
  static JobService::Config config(double cores) {
    JobService::Config config;
    config.queue.policy = *sched::find_policy("default");
    config.queue.cores = cores;
    return config;
  }

  Executors executors{{1, 1, 4}};
  Log log{LogLevel::Off};
  resource::Ledger ledger;
  std::unique_ptr<store::SqliteStore> store;
  LocalEngine engine;
  JobService service;
};

class JobServiceTest : public testing::Test {
 protected:
  JobServiceTest() { begin(); }
  ~JobServiceTest() override {
    if (!life_) {
      return;
    }
    Filter open;
    open.is_final = false;
    const auto left = wait(life_->service.list(caller_, open));
    for (const Job& job : left ? *left : std::vector<Job>()) {
      static_cast<void>(wait(life_->service.act(caller_, job.number, Event::Cancel)));
      EXPECT_TRUE(is_final(ended(job.number).state));
    }
  }

  void begin(double cores = 2) {
    life_.reset();
    life_ = std::make_unique<Life>(folder_.path(), cores);
    const auto started = wait(life_->service.start());
    ASSERT_TRUE(started) << started.error().message;
  }

  template <class T>
  T wait(Awaitable<T> work) {
    return wait_for(life_->executors.blocking(), std::move(work));
  }

  static JobSpec shell(const std::string& script) {
    JobSpec spec;
    spec.command = {"/bin/sh", "-c", script};
    spec.folder = "/";
    spec.memory = Bytes::mebi(64);
    spec.grace = milliseconds(200);
    return spec;
  }

  std::uint64_t submit(JobSpec spec) {
    const auto jobs = wait(life_->service.submit(caller_, std::move(spec), {}));
    EXPECT_TRUE(jobs) << jobs.error().message;
    return jobs ? jobs->front().number : 0;
  }

  Job ended(std::uint64_t number) {
    const TimePoint until = life_->executors.clock().now() + kLimit;
    const auto job = wait(life_->service.wait(caller_, number, until, {}));
    EXPECT_TRUE(job) << job.error().message;
    return job ? *job : Job();
  }

  State state_of(std::uint64_t number) {
    const auto job = wait(life_->service.find(caller_, number));
    return job ? job->state : State::Failed;
  }

  bool waits_for(std::uint64_t number, State state) {
    const auto end = std::chrono::steady_clock::now() + kLimit;
    while (state_of(number) != state && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(kPause);
    }
    return state_of(number) == state;
  }

  bool waits_for_output(std::uint64_t number, const std::string& text) {
    const auto end = std::chrono::steady_clock::now() + kLimit;
    while (std::chrono::steady_clock::now() < end) {
      const auto part = wait(life_->service.log(caller_, number, 0, 0, 0, 1U << 16U));
      if (part && part->text.find(text) != std::string::npos) {
        return true;
      }
      std::this_thread::sleep_for(kPause);
    }
    return false;
  }

  /// What has become of a job, for whoever looks at a test that has failed.
  std::string told(std::uint64_t number) {
    std::string words = std::string(name_of(state_of(number)));
    for (const std::string& event : events_of(number)) {
      words += ", " + event;
    }
    const auto why = wait(life_->service.why(caller_, number));
    return words + "; " + (why ? *why : why.error().message);
  }

  std::vector<std::string> events_of(std::uint64_t number) {
    std::vector<std::string> events;
    const auto steps = wait(life_->service.story(caller_, number));
    for (const Transition& step : steps ? *steps : std::vector<Transition>()) {
      events.push_back(step.event);
    }
    return events;
  }

  const TemporaryFolder folder_;
  Principal caller_{"tester", "default"};
  std::unique_ptr<Life> life_;
};

TEST_F(JobServiceTest, RunsAJobAndTellsItsStory) {
  const std::uint64_t number = submit(shell("echo hello"));

  const Job job = ended(number);

  EXPECT_EQ(job.state, State::Succeeded);
  ASSERT_TRUE(job.end);
  EXPECT_EQ(job.end->number, 0);
  EXPECT_EQ(job.attempt, 1U);
  EXPECT_THAT(events_of(number), ElementsAre("granted", "started", "ended with 0"));
  const auto log = wait(life_->service.log(caller_, number, 0, 0, 0, 100));
  ASSERT_TRUE(log);
  EXPECT_EQ(log->text, "hello\n");
}

TEST_F(JobServiceTest, GivesTheLeaseBackWhenAJobHasEnded) {
  ended(submit(shell("exit 3")));

  EXPECT_TRUE(life_->ledger.holdings().empty());
}

TEST_F(JobServiceTest, TellsAFailureWithItsStatus) {
  const Job job = ended(submit(shell("exit 3")));

  EXPECT_EQ(job.state, State::Failed);
  EXPECT_EQ(job.reason, "ended with status 3");
}

TEST_F(JobServiceTest, LetsNoMoreRunThanThereAreCores) {
  folder_.make_folder("running");
  const std::string folder = (folder_.path() / "running").string();
  std::vector<std::uint64_t> numbers;
  for (int i = 0; i < 6; ++i) {
    numbers.push_back(submit(shell("cd " + folder + "; touch $$; ls | wc -l; sleep 0.05; rm $$")));
  }

  for (const std::uint64_t number : numbers) {
    EXPECT_EQ(ended(number).state, State::Succeeded);
    const auto log = wait(life_->service.log(caller_, number, 0, 0, 0, 100));
    ASSERT_TRUE(log);
    EXPECT_LE(std::stoi(log->text), 2);
  }
}

TEST_F(JobServiceTest, SaysAtOnceWhatThisMachineNeverHas) {
  JobSpec spec = shell("true");
  spec.cores = 3;

  const auto refused = wait(life_->service.submit(caller_, spec, {}));

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::InvalidArgument);
  EXPECT_THAT(refused.error().message, HasSubstr("wants 3.0 cores; jobs may hold 2.0"));

  spec = shell("true");
  spec.memory = Bytes::mebi(5000);
  const auto too_large = wait(life_->service.submit(caller_, spec, {}));
  ASSERT_FALSE(too_large);
  EXPECT_THAT(too_large.error().message, HasSubstr("never"));
}

TEST_F(JobServiceTest, WaitsForMemoryThatOthersHoldAndSaysSo) {
  auto held = life_->ledger.take({"model 'm'", kCpu, {0, Bytes::mebi(1000)}});
  ASSERT_TRUE(held);
  const std::uint64_t number = submit(shell("true"));

  const auto why = wait(life_->service.why(caller_, number));
  ASSERT_TRUE(why);
  EXPECT_THAT(*why, HasSubstr("model 'm'"));
  EXPECT_EQ(state_of(number), State::Queued);
  held->release();

  EXPECT_EQ(ended(number).state, State::Succeeded);
}

TEST_F(JobServiceTest, CancelsAJobThatWaitsAndOneThatRuns) {
  const std::uint64_t runs = submit(shell("echo up; sleep 1000"));
  JobSpec large = shell("true");
  large.cores = 2;
  const std::uint64_t waits = submit(large);
  ASSERT_TRUE(waits_for_output(runs, "up"));

  const auto first = wait(life_->service.act(caller_, waits, Event::Cancel));
  const auto second = wait(life_->service.act(caller_, runs, Event::Cancel));

  ASSERT_TRUE(first);
  EXPECT_EQ(first->state, State::Cancelled);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->state, State::Cancelling);
  EXPECT_EQ(ended(runs).state, State::Cancelled);
}

TEST_F(JobServiceTest, RefusesToCancelWhatHasEnded) {
  const std::uint64_t number = submit(shell("true"));
  ended(number);

  const auto refused = wait(life_->service.act(caller_, number, Event::Cancel));

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::FailedPrecondition);
  EXPECT_THAT(refused.error().message, HasSubstr("succeeded"));
}

TEST_F(JobServiceTest, TriesAgainAsOftenAsItIsTold) {
  JobSpec spec = shell("exit 1");
  spec.retries = 2;
  spec.back_off = milliseconds(1);

  const Job job = ended(submit(spec));

  EXPECT_EQ(job.state, State::Failed);
  EXPECT_EQ(job.attempt, 3U);
}

TEST_F(JobServiceTest, RequeuesAJobOnDemandAfterItHasSavedItsState) {
  const std::string saved = (folder_.path() / "saved").string();
  const std::uint64_t number =
      submit(shell("if [ -e " + saved + " ]; then exit 0; fi; trap 'touch " + saved +
                   "; exit 0' TERM; echo up; while :; do sleep 0.01; done"));
  ASSERT_TRUE(waits_for_output(number, "up")) << told(number);

  ASSERT_TRUE(wait(life_->service.act(caller_, number, Event::Requeue)));

  const Job job = ended(number);
  EXPECT_EQ(job.state, State::Succeeded);
  EXPECT_EQ(job.attempt, 2U);
}

TEST_F(JobServiceTest, SuspendsAndResumes) {
  const std::uint64_t number = submit(shell("echo up; sleep 0.3"));
  ASSERT_TRUE(waits_for_output(number, "up"));
  ASSERT_TRUE(waits_for(number, State::Running));

  const auto suspended = wait(life_->service.act(caller_, number, Event::Suspend));
  ASSERT_TRUE(suspended) << suspended.error().message;
  EXPECT_EQ(suspended->state, State::Suspended);
  ASSERT_TRUE(wait(life_->service.act(caller_, number, Event::Resume)));

  EXPECT_EQ(ended(number).state, State::Succeeded);
}

TEST_F(JobServiceTest, StartsAfterTheJobsThatItWaitsFor) {
  const std::uint64_t first = submit(shell("sleep 0.1"));
  JobSpec spec = shell("true");
  spec.after = {{first, Dependency::On::Success}};
  const std::uint64_t second = submit(spec);
  EXPECT_NE(state_of(second), State::Running);

  EXPECT_EQ(ended(second).state, State::Succeeded);
  EXPECT_TRUE(is_final(state_of(first)));
  EXPECT_THAT(
      events_of(second),
      ElementsAre("dependencies met", "environment ready", "granted", "started", "ended with 0"));
}

TEST_F(JobServiceTest, CancelsWhatWaitsForASuccessThatDoesNotCome) {
  const std::uint64_t first = submit(shell("exit 1"));
  ended(first);
  JobSpec spec = shell("true");
  spec.after = {{first, Dependency::On::Success}};
  const Job never = ended(submit(spec));
  spec.after = {{first, Dependency::On::Failure}};
  const Job once = ended(submit(spec));

  EXPECT_EQ(never.state, State::Cancelled);
  EXPECT_THAT(never.reason, HasSubstr("job " + std::to_string(first) + " ended as failed"));
  EXPECT_EQ(once.state, State::Succeeded);
}

TEST_F(JobServiceTest, RefusesToWaitForAJobThatThereIsNot) {
  JobSpec spec = shell("true");
  spec.after = {{4711, Dependency::On::Success}};

  const auto refused = wait(life_->service.submit(caller_, spec, {}));

  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("there is no job 4711"));
}

TEST_F(JobServiceTest, RunsAnArrayWithItsIndices) {
  const auto jobs = wait(
      life_->service.submit(caller_, shell("echo $AION_ARRAY_INDEX of $AION_ARRAY_JOB"), {3, 5}));
  ASSERT_TRUE(jobs);
  ASSERT_EQ(jobs->size(), 2U);

  ended((*jobs)[1].number);

  const auto log = wait(life_->service.log(caller_, (*jobs)[1].number, 0, 0, 0, 100));
  ASSERT_TRUE(log);
  EXPECT_EQ(log->text, "5 of " + std::to_string((*jobs)[0].number) + "\n");
  ended((*jobs)[0].number);
}

TEST_F(JobServiceTest, FindsARunningJobAgainWithItsLeaseAndItsEnd) {
  const std::string go = (folder_.path() / "go").string();
  JobSpec spec = shell("echo up; while [ ! -e " + go + " ]; do sleep 0.01; done; exit 5");
  spec.cores = 2;
  const std::uint64_t number = submit(spec);
  ASSERT_TRUE(waits_for_output(number, "up"));
  ASSERT_TRUE(waits_for(number, State::Running));
  const std::uint64_t next = submit(shell("true"));

  begin();

  ASSERT_EQ(life_->ledger.holdings().size(), 1U);
  EXPECT_EQ(life_->ledger.holdings()[0].claim.quantity.cores, 2);
  EXPECT_EQ(state_of(number), State::Running);
  EXPECT_EQ(state_of(next), State::Queued);
  std::ofstream(go).close();
  const Job job = ended(number);
  EXPECT_EQ(job.state, State::Failed);
  EXPECT_EQ(job.reason, "ended with status 5");
  EXPECT_EQ(job.attempt, 1U);
  EXPECT_EQ(ended(next).state, State::Succeeded);
}

TEST_F(JobServiceTest, LearnsOfAnEndThatCameWhileNobodyLooked) {
  const std::string go = (folder_.path() / "go").string();
  const std::uint64_t number =
      submit(shell("echo up; while [ ! -e " + go + " ]; do sleep 0.01; done; exit 5"));
  ASSERT_TRUE(waits_for_output(number, "up"));
  const auto job = wait(life_->service.find(caller_, number));
  ASSERT_TRUE(job);
  const runtime::Supervised program(folder_.path() / "jobs" / job->id / "1" / "0");
  life_.reset();
  std::ofstream(go).close();
  const auto end = std::chrono::steady_clock::now() + kLimit;
  while (program.is_alive() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(kPause);
  }

  begin();

  EXPECT_EQ(ended(number).reason, "ended with status 5");
}

TEST_F(JobServiceTest, RunsAJobAgainThatWasLostWithItsSupervisor) {
  const std::string once = (folder_.path() / "once").string();
  JobSpec spec =
      shell("if [ -e " + once + " ]; then exit 0; fi; touch " + once + "; echo up; sleep 1000");
  spec.back_off = milliseconds(1);
  const std::uint64_t number = submit(spec);
  ASSERT_TRUE(waits_for_output(number, "up"));
  const auto job = wait(life_->service.find(caller_, number));
  ASSERT_TRUE(job);
  const runtime::Supervised program(folder_.path() / "jobs" / job->id / "1" / "0");
  life_.reset();

  ASSERT_EQ(::kill(static_cast<pid_t>(program.record().supervisor), SIGKILL), 0);
  begin();

  const Job again = ended(number);
  EXPECT_EQ(again.state, State::Succeeded);
  EXPECT_EQ(again.attempt, 2U);
}

TEST_F(JobServiceTest, KeepsQueuedJobsAcrossARestart) {
  auto held = life_->ledger.take({"somebody", kCpu, {0, Bytes::mebi(1000)}});
  std::vector<std::uint64_t> numbers;
  for (int i = 0; i < 20; ++i) {
    numbers.push_back(submit(shell("true")));
  }
  held->release();

  begin();

  for (const std::uint64_t number : numbers) {
    EXPECT_EQ(ended(number).state, State::Succeeded);
  }
}

TEST_F(JobServiceTest, ShowsNobodyTheJobsOfAnotherProject) {
  const std::uint64_t number = submit(shell("true"));
  const Principal other{"stranger", "another"};

  EXPECT_EQ(wait(life_->service.find(other, number)).error().code, Code::NotFound);
  EXPECT_FALSE(wait(life_->service.act(other, number, Event::Cancel)));
  EXPECT_TRUE(wait(life_->service.list(other, {}))->empty());
  EXPECT_FALSE(wait(life_->service.log(other, number, 0, 0, 0, 10)));
  ended(number);
}

}  // namespace
}  // namespace aion::jobs
