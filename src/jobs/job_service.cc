// What people ask of jobs: submit, act, look.
#include "jobs/job_service.h"

#include <algorithm>
#include <chrono>

#include "base/uuid.h"
#include "base/wait.h"

// g++ 12 inlines Boost.Asio's operator new of a frame and not its operator delete, and then takes
// them for strangers.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace aion::jobs {

namespace {

Error not_found(const std::string& which) {
  return {Code::NotFound, "there is no job " + which};
}

/// What becomes of one that waits for `on`, now that the other has ended as `ended`.
bool is_met(Dependency::On on, State ended) {
  return on == Dependency::On::End ||
         (ended == State::Succeeded) == (on == Dependency::On::Success);
}

}  // namespace

Task<std::map<std::uint64_t, State>> JobService::states_of(std::string project,
                                                           std::vector<Dependency> jobs) {
  auto states = std::make_shared<std::map<std::uint64_t, State>>();
  store::Look look = [=](store::Reader& reader) -> Result<void> {
    for (const Dependency& one : jobs) {
      AION_TRY(const auto found, jobs::find(reader, project, one.job));
      if (!found) {
        return Error{Code::InvalidArgument, "'after': there is no job " + std::to_string(one.job)};
      }
      if (is_final(found->state)) {
        (*states)[one.job] = found->state;
      }
    }
    return {};
  };
  AION_CO_TRY_VOID(co_await parts_.store.read(std::move(look)));
  co_return std::move(*states);
}

/// New jobs as they stand before they are written.
std::vector<Job> JobService::make_jobs(const Principal& caller,
                                       const JobSpec& spec,
                                       const std::vector<std::uint32_t>& array) const {
  const WallTime now = parts_.wall_clock();
  std::vector<Job> jobs;
  for (const std::uint32_t index : array) {
    Job& job = jobs.emplace_back();
    job.id = new_uuid(now);
    job.project = caller.project;
    job.user = caller.id;
    job.spec = spec;
    job.array_index = index;
    job.state = !spec.after.empty()        ? State::Blocked
                : spec.wants_environment() ? State::Preparing
                                           : State::Queued;
    job.submitted = now;
  }
  return jobs;
}

/// Whether there may be so many more like this one.
Result<bool> JobService::may_take(const Job& one, std::size_t count) const {
  if (one.spec.wants_environment() && parts_.environments == nullptr) {
    return Error{Code::InvalidArgument,
                 "'requirements': this daemon makes no environments (jobs.environments)"};
  }
  if (live_.size() + count > config_.most_open) {
    return Error{Code::ResourceExhausted,
                 std::to_string(live_.size()) + " jobs have not ended; there may be " +
                     std::to_string(config_.most_open)};
  }
  AION_TRY_VOID(queue_.claims_of(one));
  return true;
}

/// Takes written jobs in, with what is known of the jobs that they wait for.
Result<bool> JobService::take_in(const std::vector<Job>& jobs,
                                 const std::map<std::uint64_t, State>& ended) {
  for (const Job& job : jobs) {
    admit(job, ended);
  }
  schedule();
  return true;
}

Task<std::vector<Job>> JobService::submit(Principal caller,
                                          JobSpec spec,
                                          std::vector<std::uint32_t> array) {
  AION_CO_TRY_VOID(spec.check());
  const bool is_array = !array.empty();
  if (!is_array) {
    array.push_back(0);
  }
  auto jobs = std::make_shared<std::vector<Job>>(make_jobs(caller, spec, array));
  std::function<Result<bool>()> check = [this, jobs] {
    return may_take(jobs->front(), jobs->size());
  };
  AION_CO_TRY_VOID(co_await inside<bool>(std::move(check)));
  AION_CO_TRY_VOID(co_await states_of(caller.project, spec.after));
  store::Change insertion = [jobs, is_array](store::Writer& writer) {
    return insert_all(writer, *jobs, is_array);
  };
  AION_CO_TRY_VOID(co_await parts_.store.write(std::move(insertion)));
  std::function<Result<bool>()> note = [this, jobs] {
    return take_in(*jobs, {});
  };
  AION_CO_TRY_VOID(co_await inside<bool>(std::move(note)));
  if (spec.after.empty()) {
    co_return std::move(*jobs);
  }
  // Asked again: what they wait for may have ended before they were taken in; later ends are
  // noticed.
  const auto ended = co_await states_of(caller.project, spec.after);
  if (ended) {
    std::function<Result<bool>()> settle_now = [this, jobs, known = *ended] {
      return take_in(*jobs, known);
    };
    AION_CO_TRY_VOID(co_await inside<bool>(std::move(settle_now)));
  }
  co_return std::move(*jobs);
}

/// Takes a job in, and then what is known of the jobs that it waits for.
void JobService::admit(Job job, const std::map<std::uint64_t, State>& ended) {
  const std::uint64_t number = job.number;
  Live& live = live_[number];
  if (live.job.number == 0) {  // new, but for its step
    by_id_.emplace(job.id, number);
    live.job = std::move(job);
    live.since = parts_.executors.clock().now();
    for (const Dependency& one : live.job.spec.after) {
      live.waits_for.insert(one.job);
      dependents_.emplace(one.job, number);
    }
    if (live.job.state == State::Queued) {
      enter(live);
    } else if (live.job.state == State::Preparing) {
      prepare(live);
    }
    for (const Dependency& one : live.job.spec.after) {
      const Live* const other = live_of(one.job);
      if (other != nullptr && is_final(other->job.state)) {  // its end is not on the disk yet
        settle(*other);
      }
    }
  }
  for (const auto& [other, state] : ended) {
    if (live_of(other) == nullptr && live.job.state == State::Blocked) {
      Live gone;
      gone.job.number = other;
      gone.job.state = state;
      settle(gone);
    }
  }
}

/// Whoever waited for this job goes on, or does not.
void JobService::settle(const Live& ended) {
  const auto [first, last] = dependents_.equal_range(ended.job.number);
  std::vector<std::uint64_t> waiting;
  std::transform(
      first, last, std::back_inserter(waiting), [](const auto& one) { return one.second; });
  dependents_.erase(first, last);
  const std::string other = "job " + std::to_string(ended.job.number);
  for (const std::uint64_t number : waiting) {
    Live* const live = live_of(number);
    if (live == nullptr || live->job.state != State::Blocked ||
        live->waits_for.erase(ended.job.number) == 0) {
      continue;
    }
    const auto& after = live->job.spec.after;
    const bool is_fine = std::ranges::all_of(after, [&](const Dependency& one) {
      return one.job != ended.job.number || is_met(one.on, ended.job.state);
    });
    if (!is_fine) {
      step(*live,
           Event::DependencyFailed,
           other + " ended as " + std::string(name_of(ended.job.state)));
    } else if (live->waits_for.empty()) {
      step(*live, Event::DependenciesMet, other + " has ended");
      prepare(*live);
    }
  }
}

Task<Job> JobService::act(Principal caller, std::uint64_t number, Event wish) {
  std::function<Result<Job>()> action = [this, caller, number, wish] {
    return do_act(caller.project, number, wish);
  };
  auto done = co_await inside<Job>(std::move(action));
  if (!done && done.error().code == Code::NotFound) {
    AION_CO_TRY(const Job ended, co_await find(std::move(caller), number));
    co_return Error{
        Code::FailedPrecondition,
        "job " + std::to_string(number) + " has ended: " + std::string(name_of(ended.state))};
  }
  if (done) {
    AION_CO_TRY_VOID(co_await settled());
  }
  co_return done;
}

Result<Job> JobService::do_act(const std::string& project, std::uint64_t number, Event wish) {
  Live* const live = live_of(number);
  if (live == nullptr || live->job.project != project) {
    return not_found(std::to_string(number));
  }
  const State before = live->job.state;
  if (!next(before, wish)) {
    return Error{Code::FailedPrecondition,
                 "job " + std::to_string(number) + " is " + std::string(name_of(before)) +
                     ": it cannot be asked to " + std::string(name_of(wish))};
  }
  step(*live, wish, "somebody asked for it");
  if (is_live(before)) {
    ask_engine(*live, wish);
  } else {
    live->timer.reset();
    queue_.leave(number, parts_.executors.clock().now());
  }
  if (live->job.state == State::Queued) {
    enter(*live);
  }
  Job job = live->job;
  if (is_final(job.state)) {
    settle(*live);
  }
  schedule();
  return job;
}

Task<void> JobService::settled() {
  store::Change nothing = [](store::Writer&) -> Result<void> {
    return {};
  };
  co_return co_await parts_.store.write(std::move(nothing));
}

Task<Job> JobService::find(Principal caller, std::uint64_t number) {
  auto found = std::make_shared<std::optional<Job>>();
  store::Look look = [=](store::Reader& reader) -> Result<void> {
    AION_TRY(*found, jobs::find(reader, caller.project, number));
    return {};
  };
  AION_CO_TRY_VOID(co_await parts_.store.read(std::move(look)));
  if (!*found) {
    co_return not_found(std::to_string(number));
  }
  co_return std::move(**found);
}

Task<Job> JobService::find(Principal caller, std::string id) {
  auto found = std::make_shared<std::optional<Job>>();
  store::Look look = [=](store::Reader& reader) -> Result<void> {
    AION_TRY(*found, jobs::find(reader, caller.project, id));
    return {};
  };
  AION_CO_TRY_VOID(co_await parts_.store.read(std::move(look)));
  if (!*found) {
    co_return not_found(id);
  }
  co_return std::move(**found);
}

Task<std::vector<Job>> JobService::list(Principal caller, Filter filter) {
  auto found = std::make_shared<std::vector<Job>>();
  store::Look look = [=](store::Reader& reader) -> Result<void> {
    AION_TRY(*found, jobs::list(reader, caller.project, filter));
    return {};
  };
  AION_CO_TRY_VOID(co_await parts_.store.read(std::move(look)));
  co_return std::move(*found);
}

Task<std::vector<Transition>> JobService::story(Principal caller, std::uint64_t number) {
  AION_CO_TRY_VOID(co_await find(std::move(caller), number));
  auto steps = std::make_shared<std::vector<Transition>>();
  store::Look look = [=](store::Reader& reader) -> Result<void> {
    AION_TRY(*steps, jobs::story(reader, number));
    return {};
  };
  AION_CO_TRY_VOID(co_await parts_.store.read(std::move(look)));
  co_return std::move(*steps);
}

Task<std::vector<std::pair<State, std::uint64_t>>> JobService::count(Principal caller) {
  auto counts = std::make_shared<std::vector<std::pair<State, std::uint64_t>>>();
  store::Look look = [=](store::Reader& reader) -> Result<void> {
    AION_TRY(*counts, jobs::count(reader, caller.project));
    return {};
  };
  AION_CO_TRY_VOID(co_await parts_.store.read(std::move(look)));
  co_return std::move(*counts);
}

Task<std::string> JobService::why(Principal caller, std::uint64_t number) {
  AION_CO_TRY(const Job job, co_await find(std::move(caller), number));
  std::function<Result<std::string>()> ask = [this, number]() -> Result<std::string> {
    Live* const live = live_of(number);
    if (live == nullptr) {
      return std::string();
    }
    if (live->job.state == State::Queued) {
      return queue_.why(number, parts_.executors.clock().now());
    }
    if (live->job.state == State::Blocked) {
      std::string words = "waits for the end of";
      for (const std::uint64_t other : live->waits_for) {
        words += " job " + std::to_string(other) + ",";
      }
      words.pop_back();
      return words;
    }
    return std::string(name_of(live->job.state)) + ": " + live->job.reason;
  };
  AION_CO_TRY(std::string words, co_await inside<std::string>(std::move(ask)));
  co_return words.empty() ? std::string(name_of(job.state)) + ": " + job.reason : std::move(words);
}

Task<LogPart> JobService::log(Principal caller,
                              std::uint64_t number,
                              std::uint32_t attempt,
                              std::uint32_t member,
                              std::uint64_t offset,
                              std::size_t limit) {
  AION_CO_TRY(const Job job, co_await find(std::move(caller), number));
  if (member >= job.spec.members) {
    co_return Error{Code::InvalidArgument,
                    "'member': expected less than " + std::to_string(job.spec.members) + ", got " +
                        std::to_string(member)};
  }
  const std::uint32_t wanted = attempt == 0 ? job.attempt : attempt;
  if (wanted == 0 || wanted > job.attempt) {
    if (attempt == 0) {  // it has not been started
      LogPart none;
      none.is_end = is_final(job.state);
      co_return none;
    }
    co_return Error{Code::NotFound,
                    "job " + std::to_string(number) + " has had " + std::to_string(job.attempt) +
                        " attempts, not " + std::to_string(attempt)};
  }
  AttemptId id;
  id.job = job.id;
  id.number = wanted;
  co_return co_await parts_.engine.log(std::move(id), member, offset, limit);
}

Task<Job> JobService::wait(Principal caller,
                           std::uint64_t number,
                           TimePoint until,
                           CancelToken cancel) {
  for (;;) {
    const std::uint64_t seen = changed_.count();
    AION_CO_TRY(Job job, co_await find(caller, number));
    Clock& clock = parts_.executors.clock();
    if (is_final(job.state) || clock.now() >= until || cancel.is_cancelled() || waits_are_over_) {
      co_return job;
    }
    co_await changed_.wait(seen, clock, until, cancel);
  }
}

}  // namespace aion::jobs
