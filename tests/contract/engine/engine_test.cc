// What every engine of jobs holds, on each level of enforcement that this machine has.
#include "jobs/engine/engine.h"

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "base/executor.h"
#include "base/spawn.h"
#include "base/uuid.h"
#include "jobs/engine/local.h"
#include "tests/temporary_folder.h"

namespace aion::jobs {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::chrono::seconds kLimit{30};  // a test that waits so long has failed
// Between two looks at what another process does: a test that spins takes the core that it waits
// for.
constexpr std::chrono::milliseconds kPause{1};

/// Keeps what an engine tells.
class Told final : public Listener {
 public:
  void on_started(const AttemptId& attempt, const Started& started) override {
    const std::scoped_lock lock(mutex_);
    starts_[attempt] = started;
    changed_.notify_all();
  }
  void on_ended(const AttemptId& attempt, const End& end) override {
    const std::scoped_lock lock(mutex_);
    ends_.emplace(attempt, end);
    changed_.notify_all();
  }

  std::optional<Started> start_of(const AttemptId& attempt) { return wait(starts_, attempt); }
  std::optional<End> end_of(const AttemptId& attempt) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kLimit, [&] { return ends_.contains(attempt); })) {
      return std::nullopt;
    }
    return ends_.find(attempt)->second;
  }
  std::size_t ends() {
    const std::scoped_lock lock(mutex_);
    return ends_.size();
  }

 private:
  template <class T>
  std::optional<T> wait(std::map<AttemptId, T>& from, const AttemptId& attempt) {
    std::unique_lock lock(mutex_);
    const auto has = [&] {
      return from.contains(attempt);
    };
    return changed_.wait_for(lock, kLimit, has) ? std::optional(from[attempt]) : std::nullopt;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<AttemptId, Started> starts_;
  std::multimap<AttemptId, End> ends_;
};

/// An engine that may go and come again while its jobs run on.
struct Life {
  Life(const std::filesystem::path& root, const runtime::ControlGroups& groups)
      : executors({1, 1, 4}), engine(executors, log, {root, AION_SUPERVISOR, groups}) {
    engine.listen(told);
  }
  ~Life() { executors.join(); }
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  Executors executors;
  Log log{LogLevel::Off};
  Told told;
  LocalEngine engine;
};

enum class Level { Groups, Limits };

class EngineContract : public testing::TestWithParam<Level> {
 protected:
  void SetUp() override {
    if (GetParam() == Level::Groups) {
      runtime::ControlGroups::Sources sources;
      sources.folder = "aion-test-" + std::to_string(getpid());
      groups_ = runtime::ControlGroups::detect(sources);
      if (groups_.level() == runtime::Enforcement::Limits) {
        GTEST_SKIP() << "no control groups for this process: " << groups_.why();
      }
    }
    life_ = std::make_unique<Life>(folder_.path() / "jobs", groups_);
  }
  void TearDown() override {
    if (life_ && started_) {
      if (wait(life_->engine.signal(id_, SIGKILL))) {
        EXPECT_TRUE(life_->told.end_of(id_));
      }
    }
    life_.reset();
    for (const std::string& name : groups_.list()) {
      ADD_FAILURE() << "control group left: " << name;
      static_cast<void>(groups_.find(name).remove());
    }
    groups_.remove_base();
  }

  template <class T>
  T wait(Awaitable<T> work) {
    return wait_for(life_->executors.blocking(), std::move(work));
  }

  static ProgramSpec shell(const std::string& script) {
    ProgramSpec spec;
    spec.arguments = {"/bin/sh", "-c", script};
    spec.folder = "/";
    return spec;
  }

  resource::Claim claim(Bytes memory = Bytes::mebi(256)) const {
    resource::Claim claim;
    claim.holder = "test";
    claim.quantity.cores = 1;
    claim.quantity.memory = memory;
    return claim;
  }

  Result<Placement> submit(ProgramSpec spec, Bytes memory = Bytes::mebi(256)) {
    started_ = true;
    return wait(life_->engine.submit(id_, claim(memory), {}, std::move(spec)));
  }

  End run(ProgramSpec spec, Bytes memory = Bytes::mebi(256)) {
    const auto placed = submit(std::move(spec), memory);
    EXPECT_TRUE(placed) << placed.error().message;
    const auto end = placed ? life_->told.end_of(id_) : std::nullopt;
    EXPECT_TRUE(end) << "it has not ended";
    return end.value_or(End{});
  }

  std::string printed(std::uint32_t member = 0) {
    std::string all;
    for (;;) {
      const auto part = wait(life_->engine.log(id_, member, all.size(), 1U << 16U));
      if (!part || part->text.empty()) {
        return all;
      }
      all += part->text;
    }
  }

  /// Waits until the log has this; a job says so where it stands.
  bool waits_for_output(const std::string& text, std::uint32_t member = 0) {
    const auto end = std::chrono::steady_clock::now() + kLimit;
    while (std::chrono::steady_clock::now() < end) {
      if (printed(member).find(text) != std::string::npos) {
        return true;
      }
      std::this_thread::sleep_for(kPause);
    }
    return false;
  }

  static bool is_gone(pid_t process) {
    const auto end = std::chrono::steady_clock::now() + kLimit;
    while (::kill(process, 0) == 0 && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(kPause);
    }
    return ::kill(process, 0) != 0;
  }

  void live_again() {
    life_.reset();
    life_ = std::make_unique<Life>(folder_.path() / "jobs", groups_);
  }

  const TemporaryFolder folder_;
  runtime::ControlGroups groups_ = runtime::ControlGroups::none();
  std::unique_ptr<Life> life_;
  AttemptId id_{new_uuid(std::chrono::system_clock::now()), 1};
  bool started_ = false;
};

TEST_P(EngineContract, TellsTheStatusAndWhatItPrintedInOrder) {
  const End end = run(shell("echo one; echo two >&2; echo three; exit 7"));

  EXPECT_EQ(end.kind, EndKind::Exited);
  EXPECT_EQ(end.number, 7);
  EXPECT_EQ(printed(), "one\ntwo\nthree\n");
  EXPECT_TRUE(life_->told.start_of(id_));
}

TEST_P(EngineContract, TellsTheSignal) {
  const End end = run(shell("kill -USR1 $$"));

  EXPECT_EQ(end.kind, EndKind::Signalled);
  EXPECT_EQ(end.number, SIGUSR1);
}

TEST_P(EngineContract, SaysWhyAProgramCannotBeStarted) {
  ProgramSpec spec = shell("");
  spec.arguments = {"no-such-program"};

  const End end = run(spec);

  EXPECT_EQ(end.kind, EndKind::NotStarted);
  EXPECT_THAT(end.words, HasSubstr("the program: No such file"));
}

TEST_P(EngineContract, SaysThatTheFolderIsMissing) {
  ProgramSpec spec = shell("");
  spec.folder = "/no/such/folder";

  const End end = run(spec);

  EXPECT_EQ(end.kind, EndKind::NotStarted);
  EXPECT_THAT(end.words, HasSubstr("its folder: No such file"));
}

TEST_P(EngineContract, GivesTheProgramItsEnvironmentAndNothingOfTheDaemons) {
  ASSERT_EQ(setenv("AION_TEST_SECRET", "x", 1), 0);
  ProgramSpec spec = shell("env; ls -l /proc/self/fd | wc -l");
  spec.environment = {{"COLOUR", "dark red"}};

  run(spec);

  const std::string text = printed();
  EXPECT_THAT(text, HasSubstr("COLOUR=dark red\n"));
  EXPECT_THAT(text, HasSubstr("AION_JOB_ID=" + id_.job + "\n"));
  EXPECT_THAT(text, HasSubstr("OMP_NUM_THREADS=1\n"));
  EXPECT_THAT(text, testing::Not(HasSubstr("SECRET")));
  EXPECT_THAT(text, testing::EndsWith("\n5\n"));  // a headline, 0, 1, 2, and what ls itself opens
}

TEST_P(EngineContract, TakesTenThousandVariables) {
  ProgramSpec spec = shell("env | grep -c '^MANY_'");
  for (int i = 0; i < 10'000; ++i) {
    spec.environment["MANY_" + std::to_string(i)] = "value";
  }

  const End end = run(spec);

  EXPECT_EQ(end.kind, EndKind::Exited);
  EXPECT_EQ(printed(), "10000\n");
}

TEST_P(EngineContract, ShowsWhatIsPrintedWhileItRuns) {
  ASSERT_TRUE(submit(shell("echo ready; sleep 100")));

  EXPECT_TRUE(waits_for_output("ready\n"));
  const auto part = wait(life_->engine.log(id_, 0, 0, 100));
  ASSERT_TRUE(part);
  EXPECT_FALSE(part->is_end);
}

TEST_P(EngineContract, KeepsTheEndOfALogThatIsTooLong) {
  ProgramSpec spec = shell("head -c 100000000 /dev/zero; echo; echo last");
  spec.log_limit = Bytes{1U << 20U};

  run(spec);

  const auto first = wait(life_->engine.log(id_, 0, 0, 10));
  ASSERT_TRUE(first);
  EXPECT_GT(first->offset, 98'000'000U);
  const auto last = wait(life_->engine.log(id_, 0, 100'000'000, 100));
  ASSERT_TRUE(last);
  EXPECT_EQ(last->text, "\nlast\n");
  EXPECT_TRUE(last->is_end);
}

TEST_P(EngineContract, WaitsForAProgramThatHasClosedItsOutput) {
  const End end = run(shell("exec >&- 2>&-; sleep 0.2; exit 4"));

  EXPECT_EQ(end.kind, EndKind::Exited);
  EXPECT_EQ(end.number, 4);
}

TEST_P(EngineContract, KillsWhatIgnoresTheSignalWhenItsGraceIsOver) {
  ProgramSpec spec = shell("trap '' TERM; echo ready; while :; do sleep 100; done");
  spec.grace = milliseconds{100};
  ASSERT_TRUE(submit(spec));
  ASSERT_TRUE(waits_for_output("ready"));

  const auto asked = wait(life_->engine.stop(id_));

  EXPECT_TRUE(asked) << asked.error().message;
  const auto end = life_->told.end_of(id_);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->kind, EndKind::Stopped);
}

TEST_P(EngineContract, LetsAProgramSaveItsStateWhenItIsStopped) {
  ProgramSpec spec =
      shell("trap 'echo saved; exit 0' USR2; echo ready; while :; do sleep 0.01; done");
  spec.stop_signal = SIGUSR2;
  ASSERT_TRUE(submit(spec));
  ASSERT_TRUE(waits_for_output("ready"));

  ASSERT_TRUE(wait(life_->engine.stop(id_)));

  const auto end = life_->told.end_of(id_);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->kind, EndKind::Stopped);
  EXPECT_THAT(printed(), HasSubstr("saved\n"));
}

TEST_P(EngineContract, StopsAtOnceAfterItWasSubmitted) {
  ASSERT_TRUE(submit(shell("sleep 100")));

  ASSERT_TRUE(wait(life_->engine.stop(id_)));

  const auto end = life_->told.end_of(id_);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->kind, EndKind::Stopped);
}

TEST_P(EngineContract, EndsWhatIsOverItsTime) {
  ProgramSpec spec = shell("sleep 100");
  spec.time_limit = milliseconds{100};

  const End end = run(spec);

  EXPECT_EQ(end.kind, EndKind::TimeLimit);
  EXPECT_THAT(end.words, HasSubstr("0.1 s"));
}

TEST_P(EngineContract, StandsStillWhileItIsSuspended) {
  ASSERT_TRUE(submit(shell("i=0; while :; do i=$((i+1)); echo $i; done")));
  ASSERT_TRUE(waits_for_output("100\n"));

  ASSERT_TRUE(wait(life_->engine.suspend(id_)));
  // Frozen when two looks, with time between them, see the same.
  std::size_t before = 0;
  std::size_t now = 1;
  const auto limit = std::chrono::steady_clock::now() + kLimit;
  while (before != now && std::chrono::steady_clock::now() < limit) {
    before = now;
    std::this_thread::sleep_for(milliseconds(50));
    const auto part = wait(life_->engine.log(id_, 0, 0, 64U << 20U));
    ASSERT_TRUE(part);
    now = part->offset + part->text.size();
  }
  EXPECT_EQ(before, now);

  ASSERT_TRUE(wait(life_->engine.resume(id_)));
  bool goes_on = false;
  while (!goes_on && std::chrono::steady_clock::now() < limit) {
    const auto part = wait(life_->engine.log(id_, 0, now, 100));
    goes_on = part && !part->text.empty();
  }
  EXPECT_TRUE(goes_on);
}

TEST_P(EngineContract, KillsWhatGetsAwayFromItsProgram) {
  const End end = run(shell("setsid sh -c 'echo $$; exec sleep 1000' & sleep 0.2; exit 0"));

  EXPECT_EQ(end.kind, EndKind::Exited);
  const pid_t away = std::stoi(printed());
  EXPECT_TRUE(is_gone(away));
}

TEST_P(EngineContract, IsLostWithItsSupervisorAndLeavesNothing) {
  ASSERT_TRUE(submit(shell("sleep 1000 & echo $! $$; wait")));
  ASSERT_TRUE(waits_for_output("\n"));
  std::istringstream numbers(printed());
  pid_t child = 0;
  pid_t program = 0;
  numbers >> child >> program;
  const runtime::Supervised supervised(folder_.path() / "jobs" / id_.job / "1" / "0");

  ASSERT_EQ(::kill(static_cast<pid_t>(supervised.record().supervisor), SIGKILL), 0);

  const auto end = life_->told.end_of(id_);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->kind, EndKind::Lost);
  EXPECT_TRUE(is_gone(program));
  EXPECT_TRUE(is_gone(child));
}

TEST_P(EngineContract, FindsWhatRunsAgainAndItsEnd) {
  ASSERT_TRUE(submit(shell("echo ready; sleep 1000")));
  ASSERT_TRUE(waits_for_output("ready"));
  live_again();

  const auto found = wait(life_->engine.find(id_, ""));

  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(*found, Phase::Running);
  EXPECT_EQ(life_->told.ends(), 0U);
  ASSERT_TRUE(wait(life_->engine.stop(id_)));
  const auto end = life_->told.end_of(id_);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->kind, EndKind::Stopped);
}

TEST_P(EngineContract, FindsTheEndOfWhatHasEndedMeanwhile) {
  ASSERT_TRUE(submit(shell("exit 9")));
  ASSERT_TRUE(life_->told.end_of(id_));
  live_again();

  const auto found = wait(life_->engine.find(id_, ""));

  ASSERT_TRUE(found);
  EXPECT_EQ(*found, Phase::Ended);
  const auto end = life_->told.end_of(id_);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->kind, EndKind::Exited);
  EXPECT_EQ(end->number, 9);
}

TEST_P(EngineContract, SaysThatItHasNoTraceOfWhatWasNeverStarted) {
  const auto found = wait(life_->engine.find(id_, ""));

  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Code::NotFound);
}

TEST_P(EngineContract, TakesNoPathForAnId) {
  id_.job = "../../../etc";

  const auto placed = submit(shell("true"));

  ASSERT_FALSE(placed);
  EXPECT_EQ(placed.error().code, Code::InvalidArgument);
}

TEST_P(EngineContract, GivesTheMembersOfAGangTheirRanks) {
  ProgramSpec spec = shell("echo $RANK of $WORLD_SIZE at $MASTER_ADDR:$MASTER_PORT");
  spec.members = 3;

  const End end = run(spec);

  EXPECT_EQ(end.kind, EndKind::Exited);
  EXPECT_THAT(printed(0), StartsWith("0 of 3 at 127.0.0.1:"));
  EXPECT_THAT(printed(2), StartsWith("2 of 3 at 127.0.0.1:"));
}

TEST_P(EngineContract, StopsTheOthersOfAGangWhenOneFails) {
  ProgramSpec spec = shell("if [ $RANK = 1 ]; then exit 5; fi; sleep 1000");
  spec.members = 3;

  const End end = run(spec);

  EXPECT_EQ(end.kind, EndKind::Exited);
  EXPECT_EQ(end.number, 5);
  EXPECT_THAT(end.words, HasSubstr("a member"));
}

TEST_P(EngineContract, RefusesOrdersForWhatHasEnded) {
  run(shell("true"));

  const auto asked = wait(life_->engine.stop(id_));

  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code, Code::FailedPrecondition);
}

TEST_P(EngineContract, ForgetsAnAttemptWithItsLog) {
  run(shell("echo something"));

  ASSERT_TRUE(wait(life_->engine.forget(id_)));

  EXPECT_THAT(printed(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Local,
                         EngineContract,
                         testing::Values(Level::Groups, Level::Limits),
                         [](const auto& level) {
                           return level.param == Level::Groups ? "Groups" : "Limits";
                         });

/// What only control groups can hold.
class EngineInGroups : public EngineContract {};

TEST_P(EngineInGroups, SaysThatAProgramWasOverItsMemory) {
  const End end = run(shell("head -c 200m /dev/zero | tail > /dev/null; exit $?"), Bytes::mebi(64));

  EXPECT_EQ(end.kind, EndKind::OutOfMemory);
  EXPECT_THAT(end.words, HasSubstr("over its 64.0 MiB"));
}

TEST_P(EngineInGroups, HoldsAForkBomb) {
  ProgramSpec spec = shell("bomb() { bomb | bomb & }; bomb; sleep 1000");
  spec.most_processes = 50;
  spec.time_limit = milliseconds{500};
  spec.grace = milliseconds{100};

  const End end = run(spec);

  EXPECT_TRUE(end.kind == EndKind::TimeLimit || end.kind == EndKind::Exited) << end.words;
}

TEST_P(EngineInGroups, MeasuresWhatItUsed) {
  const End end = run(shell("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"));

  EXPECT_GT(end.usage.cpu, milliseconds{1});
  EXPECT_GT(end.usage.peak_memory, Bytes{10'000});
}

INSTANTIATE_TEST_SUITE_P(Local, EngineInGroups, testing::Values(Level::Groups), [](const auto&) {
  return "Groups";
});

}  // namespace
}  // namespace aion::jobs
