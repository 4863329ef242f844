// The life of jobs: every one that has been acknowledged is run to its end, and its story kept.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/change_signal.h"
#include "base/executor.h"
#include "base/log.h"
#include "base/request_context.h"
#include "base/serial.h"
#include "base/spawn.h"
#include "base/task.h"
#include "jobs/engine/engine.h"
#include "jobs/environment/environments.h"
#include "jobs/job.h"
#include "jobs/job_queue.h"
#include "jobs/job_table.h"
#include "store/store.h"

namespace aion::jobs {

/// Jobs wait here, get their leases, are handed to the engine and looked after until they end. Each
/// step is a row in the store. What has been acknowledged, by an answer or by an effect, is on the
/// disk first: a job is started only when the record of its start is. So after a restart whatever
/// may run is known, and found again with its lease.
///
/// Thread safety: all methods may be called from any thread. Destroyed after stop(), when the
/// executors have ended.
class JobService final : private Listener {
 public:
  struct Parts {  // all outlive the service
    Executors& executors;
    store::Store& store;
    resource::Ledger& ledger;
    Engine& engine;
    const Log& log;
    Environments* environments = nullptr;  // null = none are made
    std::function<WallTime()> wall_clock = [] {
      return std::chrono::system_clock::now();
    };
  };
  struct Config {
    JobQueue::Rules queue;
    std::size_t most_open = 200'000;  // jobs that have not ended; one more is refused
    std::uint32_t most_losses = 8;    // a job that is lost so often in a row is not tried again
  };
  JobService(Parts parts, Config config);
  ~JobService();
  JobService(const JobService&) = delete;
  JobService& operator=(const JobService&) = delete;

  /// Reads what has not ended, finds again what may run, and only then begins to start jobs.
  [[nodiscard]] Task<void> start();
  /// Whoever waits for the end of a job waits no longer: the daemon is about to stop.
  void end_waits();
  /// Nothing is started any more. What runs goes on without the daemon.
  [[nodiscard]] Task<void> stop();

  /// One job for each index of the array, or one without.
  ///
  /// fails   InvalidArgument    a field, a dependency that there is not, or what this machine never
  ///                            has
  ///         ResourceExhausted  too many jobs have not ended
  [[nodiscard]] Task<std::vector<Job>> submit(Principal caller,
                                              JobSpec spec,
                                              std::vector<std::uint32_t> array);

  /// What somebody asks of a job; done when it is on the disk. NotFound, or FailedPrecondition with
  /// the state in which it means nothing.
  [[nodiscard]] Task<Job> act(Principal caller, std::uint64_t number, Event wish);

  [[nodiscard]] Task<Job> find(Principal caller, std::uint64_t number);
  [[nodiscard]] Task<Job> find(Principal caller, std::string id);
  [[nodiscard]] Task<std::vector<Job>> list(Principal caller, Filter filter);
  [[nodiscard]] Task<std::vector<Transition>> story(Principal caller, std::uint64_t number);
  [[nodiscard]] Task<std::vector<std::pair<State, std::uint64_t>>> count(Principal caller);
  /// What its Python environment holds; nothing when it has none.
  [[nodiscard]] Task<std::optional<EnvironmentRecord>> environment_of(Principal caller,
                                                                      std::uint64_t number);
  [[nodiscard]] Task<std::vector<Environment>> environments();
  /// Removes those that no job has used for so long, and none that has not ended wants.
  [[nodiscard]] Task<Bytes> collect_environments(std::chrono::seconds unused);
  /// Why it does not run, in one sentence; of one that has ended, how.
  [[nodiscard]] Task<std::string> why(Principal caller, std::uint64_t number);
  /// Of the last attempt when `attempt` is 0.
  [[nodiscard]] Task<LogPart> log(Principal caller,
                                  std::uint64_t number,
                                  std::uint32_t attempt,
                                  std::uint32_t member,
                                  std::uint64_t offset,
                                  std::size_t limit);
  /// Ends when the job has, at `until`, or when the daemon stops.
  [[nodiscard]] Task<Job> wait(Principal caller,
                               std::uint64_t number,
                               TimePoint until,
                               CancelToken cancel);

 private:
  /// A job that has not ended, or whose end is not on the disk yet.
  struct Live {
    Job job;
    std::uint64_t step = 0;  // its last
    std::vector<std::pair<std::uint64_t, Transition>> unsaved;
    std::vector<resource::Lease> leases;
    std::set<std::uint64_t> waits_for;  // jobs
    std::uint32_t losses = 0;           // in a row
    bool is_handed_over = false;        // the engine has taken its present attempt
    std::deque<Event> requests;         // of it to the engine, which are made one after the other
    bool is_asking = false;             // one is under way
    TimePoint since{};                  // in its present state
    std::unique_ptr<Timer> timer;       // of its back-off
  };
  using Then = std::function<void()>;

  void on_started(const AttemptId& attempt, const Started& started) override;
  void on_ended(const AttemptId& attempt, const End& end) override;

  /// Runs `action` alone, and continues with what it returns.
  template <class T>
  [[nodiscard]] Task<T> inside(std::function<Result<T>()> action) {
    const Executor executor = co_await spawn_executor();
    auto outcome = std::make_shared<std::optional<Result<T>>>();
    std::function<void(Resume)> start = [this, executor, outcome, action](const Resume& resume) {
      serial_.run([executor, outcome, action, resume] {
        *outcome = action();
        resume(executor);
      });
    };
    co_await suspend(std::move(start));
    co_return std::move(**outcome);
  }

  // All below: inside alone.
  bool step(Live& live, Event event, std::string words, Then then = {});
  void save(Live& live, Then then);
  void note_saved(std::uint64_t number, std::uint64_t step, const Result<void>& saved);
  void retry_saves();
  void schedule();
  void wake_at(TimePoint when);
  void grant(JobQueue::Grant granted);
  void hand_over(std::uint64_t number, std::uint32_t attempt);
  void note_handed_over(const AttemptId& attempt, const Result<Placement>& placed);
  void finish(Live& live, const End& end);
  [[nodiscard]] Event judge(Live& live, const End& end) const;
  void back_off(Live& live);
  void enter(Live& live);
  void prepare(Live& live);
  void note_prepared(std::uint64_t number, const Result<Environment>& prepared);
  [[nodiscard]] Awaitable<void> run_prepare(std::uint64_t number, Requirements wanted);
  void settle(const Live& ended);
  [[nodiscard]] Result<Job> do_act(const std::string& project, std::uint64_t number, Event wish);
  void ask_engine(Live& live, Event wish);
  [[nodiscard]] std::vector<Job> make_jobs(const Principal& caller,
                                           const JobSpec& spec,
                                           const std::vector<std::uint32_t>& array) const;
  [[nodiscard]] Result<bool> may_take(const Job& one, std::size_t count) const;
  Result<bool> take_in(const std::vector<Job>& jobs, const std::map<std::uint64_t, State>& ended);
  void admit(Job job, const std::map<std::uint64_t, State>& ended);
  void restore(Job job, std::uint64_t step);
  [[nodiscard]] Live* live_of(const AttemptId& attempt);
  [[nodiscard]] Live* live_of(std::uint64_t number);
  [[nodiscard]] AttemptId attempt_of(const Job& job) const;

  [[nodiscard]] Awaitable<void> run_submit(AttemptId attempt,
                                           resource::Claim claim,
                                           std::vector<std::uint32_t> cpus,
                                           ProgramSpec program);
  [[nodiscard]] Awaitable<void> run_requests(AttemptId attempt);
  [[nodiscard]] Task<void> request(AttemptId attempt, Event wish);
  [[nodiscard]] Task<void> adopt(Job job);
  [[nodiscard]] Result<bool> take_over(const Job& job, const Result<Phase>& found);
  void give_up(Live& live, const Error& reason);
  [[nodiscard]] Task<std::map<std::uint64_t, State>> states_of(std::string project,
                                                               std::vector<Dependency> jobs);
  [[nodiscard]] Task<void> settled();

  Parts parts_;
  Config config_;
  Serial serial_;
  JobQueue queue_;
  ChangeSignal changed_;
  std::atomic<bool> waits_are_over_ = false;
  bool is_started_ = false;
  bool is_stopped_ = false;
  std::map<std::uint64_t, Live> live_;                      // by number
  std::unordered_map<std::string, std::uint64_t> by_id_;    // the same
  std::multimap<std::uint64_t, std::uint64_t> dependents_;  // a job, who waits for it
  /// Through which the ledger calls, until the service has gone.
  struct Gate {
    std::mutex mutex;
    JobService* service = nullptr;
  };
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  std::unique_ptr<Timer> wake_;
  std::unique_ptr<Timer> save_again_;
};

}  // namespace aion::jobs
