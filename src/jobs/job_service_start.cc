// The beginning and the end of the service: what a former life of the daemon has left.
#include <chrono>
#include <utility>

#include "base/wait.h"
#include "jobs/job_service.h"

// g++ 12 inlines Boost.Asio's operator new of a frame and not its operator delete, and then takes
// them for strangers.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace aion::jobs {

namespace {

constexpr int kAskAgain = 500;
constexpr Duration kAskPause = std::chrono::milliseconds(10);

/// In which a job has been since its last attempt began to be known to the engine.
Phase phase_of(State state) {
  return state == State::Suspended ? Phase::Suspended : Phase::Running;
}

}  // namespace

Task<void> JobService::start() {
  auto open = std::make_shared<std::vector<std::pair<Job, std::uint64_t>>>();
  store::Look look = [open](store::Reader& reader) {
    return each_open(
        reader, [&](Job job, std::uint64_t step) { open->emplace_back(std::move(job), step); });
  };
  AION_CO_TRY_VOID(co_await parts_.store.read(std::move(look)));
  // What runs first: nothing is granted before all that is held is known.
  for (const bool is_adopting : {true, false}) {
    for (const auto& [job, step] : *open) {
      if (is_live(job.state) != is_adopting) {
        continue;
      }
      std::function<Result<bool>()> take_in = [this, one = job, at = step]() -> Result<bool> {
        restore(one, at);
        return true;
      };
      AION_CO_TRY_VOID(co_await inside<bool>(std::move(take_in)));
      if (is_adopting) {
        AION_CO_TRY_VOID(co_await adopt(job));
      }
    }
  }
  std::function<Result<bool>()> go = [this]() -> Result<bool> {
    is_started_ = true;
    schedule();
    return true;
  };
  AION_CO_TRY_VOID(co_await inside<bool>(std::move(go)));
  if (!open->empty()) {
    parts_.log.info("jobs found again", {{"jobs", open->size()}});
  }
  co_return Result<void>();
}

/// Takes in a job as its record says.
void JobService::restore(Job job, std::uint64_t step) {
  const std::uint64_t number = job.number;
  const State state = job.state;
  if (is_live(state)) {
    const auto [place, is_new] = live_.try_emplace(number);
    Live& live = place->second;
    by_id_.emplace(job.id, number);
    live.job = std::move(job);
    live.step = step;
    live.is_handed_over = true;
    live.since = parts_.executors.clock().now();
    return;
  }
  live_[number].step = step;
  admit(std::move(job), {});
  Live& live = *live_of(number);
  if (state == State::BackingOff) {
    back_off(live);
  }
}

/// A job that may run: holds its lease again, and asks the engine what has become of it.
Task<void> JobService::adopt(Job job) {
  const AttemptId attempt = attempt_of(job);
  auto found = co_await parts_.engine.find(attempt, job.placement.token);
  // The last daemon was killed while its supervisor started: it is there in a moment.
  for (int i = 0; i < kAskAgain && !found && found.error().code == Code::Unavailable; ++i) {
    Clock& clock = parts_.executors.clock();
    AION_CO_TRY_VOID(co_await wait_until(clock, clock.now() + kAskPause, CancelToken()));
    found = co_await parts_.engine.find(attempt, job.placement.token);
  }
  std::function<Result<bool>()> go_on = [this, job, found] {
    return take_over(job, found);
  };
  AION_CO_TRY_VOID(co_await inside<bool>(std::move(go_on)));
  co_return Result<void>();
}

/// What the engine has found of a job that may run; its end, when it has ended, was told meanwhile
/// or will be.
Result<bool> JobService::take_over(const Job& job, const Result<Phase>& found) {
  Live* const live = live_of(attempt_of(job));
  if (live == nullptr) {
    return true;
  }
  if (!found) {
    give_up(*live, found.error());
    return true;
  }
  if (*found == Phase::Ended) {
    return true;
  }
  AION_TRY(live->leases, queue_.adopt(live->job, parts_.executors.clock().now()));
  if (live->job.state == State::Starting && *found != Phase::Starting) {
    live->job.started = parts_.wall_clock();
    step(*live, Event::Started, "found again, running");
  }
  if (live->job.state == State::Cancelling || live->job.state == State::Requeueing) {
    ask_engine(*live, Event::Cancel);
  } else if (phase_of(live->job.state) != *found && *found != Phase::Starting) {
    ask_engine(*live, live->job.state == State::Suspended ? Event::Suspend : Event::Resume);
  }
  return true;
}

/// There is no trace of its attempt: it was lost, or has never begun.
void JobService::give_up(Live& live, const Error& reason) {
  End end;
  end.kind = live.job.started ? EndKind::Lost : EndKind::Stopped;
  end.words =
      live.job.started ? "lost: " + reason.message : "the daemon ended before it was started";
  end.at = parts_.wall_clock();
  if (!live.job.started && live.job.state == State::Starting) {
    step(live, Event::Requeue, end.words);
  }
  finish(live, end);
}

void JobService::end_waits() {
  waits_are_over_ = true;
  changed_.notify();
}

Task<void> JobService::stop() {
  std::function<Result<bool>()> halt = [this]() -> Result<bool> {
    is_started_ = false;
    is_stopped_ = true;
    wake_.reset();
    save_again_.reset();
    for (auto& [number, live] : live_) {
      live.timer.reset();
    }
    return true;
  };
  AION_CO_TRY_VOID(co_await inside<bool>(std::move(halt)));
  co_return co_await settled();
}

}  // namespace aion::jobs
