// What happens to jobs: each step, its record, and what it asks of the engine.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <utility>

#include "base/assert.h"
#include "jobs/job_service.h"
#include "jobs/program.h"

// g++ 12 inlines Boost.Asio's operator new of a frame and not its operator delete, and then takes
// them for strangers.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace aion::jobs {

namespace {

constexpr Duration kSaveAgain = std::chrono::seconds(1);
constexpr std::chrono::milliseconds kLongestBackOff = std::chrono::hours(1);

std::string seconds_text(Duration time) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g s", std::chrono::duration<double>(time).count());
  return text.data();
}

bool is_good(const End& end) {
  return end.kind == EndKind::Exited && end.number == 0;
}

std::string words_of(const End& end) {
  if (!end.words.empty()) {
    return end.words;
  }
  switch (end.kind) {
    case EndKind::Exited:
      return "ended with status " + std::to_string(end.number);
    case EndKind::Signalled:
      return "ended by signal " + std::to_string(end.number);
    default:
      return std::string(name_of(end.kind));
  }
}

}  // namespace

JobService::JobService(Parts parts, Config config)
    : parts_(std::move(parts)),
      config_(std::move(config)),
      queue_(config_.queue, parts_.ledger, parts_.executors.clock().now()) {
  parts_.engine.listen(*this);
  gate_->service = this;
  parts_.ledger.when_freed([gate = gate_] {
    const std::scoped_lock lock(gate->mutex);
    if (JobService* const service = gate->service) {
      // Not here: whoever gives something back may hold locks of its own.
      post(service->parts_.executors.io(),
           [service] { service->serial_.run([service] { service->schedule(); }); });
    }
  });
}

JobService::~JobService() {
  const std::scoped_lock lock(gate_->mutex);
  gate_->service = nullptr;
}

JobService::Live* JobService::live_of(std::uint64_t number) {
  const auto found = live_.find(number);
  return found == live_.end() ? nullptr : &found->second;
}

/// Null also once the service has stopped: the next life of the daemon is told again.
JobService::Live* JobService::live_of(const AttemptId& attempt) {
  if (is_stopped_) {
    return nullptr;
  }
  const auto known = by_id_.find(attempt.job);
  Live* const live = known == by_id_.end() ? nullptr : live_of(known->second);
  const bool is_present =
      live != nullptr && live->job.attempt == attempt.number && is_live(live->job.state);
  return is_present ? live : nullptr;
}

AttemptId JobService::attempt_of(const Job& job) const {
  return {job.id, job.attempt};
}

/// The one place where a job's state changes.
bool JobService::step(Live& live, Event event, std::string words, Then then) {
  const State from = live.job.state;
  const auto to = next(from, event);
  if (!to) {
    parts_.log.debug(
        "job event without meaning",
        {{"job", live.job.number}, {"state", name_of(from)}, {"event", name_of(event)}});
    return false;
  }
  Transition transition;
  transition.at = parts_.wall_clock();
  transition.from = from;
  transition.to = *to;
  transition.event = name_of(event);
  transition.words = words;
  live.job.state = *to;
  live.job.reason = std::move(words);
  live.since = parts_.executors.clock().now();
  if (is_final(*to)) {
    live.job.ended = transition.at;
  }
  live.unsaved.emplace_back(++live.step, std::move(transition));
  parts_.log.info("job " + std::string(name_of(*to)),
                  {{"job", live.job.number}, {"reason", live.job.reason}});
  save(live, std::move(then));
  return true;
}

/// Writes the job as it stands, and all steps that are not on the disk; `then` when they are.
void JobService::save(Live& live, Then then) {
  auto steps =
      std::make_shared<const std::vector<std::pair<std::uint64_t, Transition>>>(live.unsaved);
  auto job = std::make_shared<const Job>(live.job);
  store::Change change = [job, steps](store::Writer& writer) -> Result<void> {
    for (const auto& [number, transition] : *steps) {
      AION_TRY_VOID(update(writer, *job, number, transition));
    }
    return {};
  };
  const std::uint64_t number = live.job.number;
  const std::uint64_t step = live.step;
  parts_.store.enqueue(std::move(change), [this, number, step, then](const Result<void>& saved) {
    serial_.run([this, number, step, saved, then] {
      note_saved(number, step, saved);
      if (saved && then) {
        then();
      }
    });
  });
}

void JobService::note_saved(std::uint64_t number, std::uint64_t step, const Result<void>& saved) {
  Live* const live = live_of(number);
  if (live == nullptr) {
    return;
  }
  if (!saved) {
    parts_.log.error("job not saved", {{"job", number}, {"reason", saved.error().message}});
    Clock& clock = parts_.executors.clock();
    save_again_ =
        clock.at(clock.now() + kSaveAgain, [this] { serial_.run([this] { retry_saves(); }); });
    return;
  }
  std::erase_if(live->unsaved, [&](const auto& one) { return one.first <= step; });
  if (is_final(live->job.state) && live->unsaved.empty()) {
    by_id_.erase(live->job.id);
    live_.erase(number);
    changed_.notify();
  }
}

/// What the disk had no room for is tried again; a start that waited for its record, too.
void JobService::retry_saves() {
  for (auto& [number, live] : live_) {
    if (live.unsaved.empty()) {
      continue;
    }
    Then then;
    if (live.job.state == State::Starting && !live.is_handed_over) {
      then = [this, waiting = number, attempt = live.job.attempt] {
        hand_over(waiting, attempt);
      };
    }
    save(live, std::move(then));
  }
}

void JobService::enter(Live& live) {
  const WallTime now = parts_.wall_clock();
  const Duration waited = std::max<Duration>(now - live.job.submitted, Duration{0});
  queue_.enter(live.job, waited, parts_.executors.clock().now());
}

void JobService::schedule() {
  if (!is_started_) {
    return;
  }
  const TimePoint now = parts_.executors.clock().now();
  auto decided = queue_.decide(now);
  for (const std::uint64_t number : decided.preempted) {
    Live* const live = live_of(number);
    if (live != nullptr && step(*live, Event::Requeue, "makes room for another job")) {
      ask_engine(*live, Event::Requeue);
    }
  }
  for (JobQueue::Grant& granted : decided.grants) {
    grant(std::move(granted));
  }
  wake_at(queue_.wake_at());
}

void JobService::wake_at(TimePoint when) {
  wake_.reset();
  if (when != kNever) {
    wake_ = parts_.executors.clock().at(when, [this] { serial_.run([this] { schedule(); }); });
  }
}

void JobService::grant(JobQueue::Grant granted) {
  Live& live = *live_of(granted.number);
  const Duration waited = parts_.executors.clock().now() - live.since;
  live.leases = std::move(granted.leases);
  live.is_handed_over = false;
  live.requests.clear();
  live.is_asking = false;
  ++live.job.attempt;
  live.job.started.reset();
  live.job.end.reset();
  live.job.placement = Placement();
  live.job.leases.clear();
  for (const resource::Lease& lease : live.leases) {
    live.job.leases.push_back(
        {lease.device(), lease.quantity().cores, lease.quantity().memory, lease.cpus()});
  }
  const std::uint32_t attempt = live.job.attempt;
  step(live,
       Event::Granted,
       "waited " + seconds_text(waited) + " for " + describe_wish(live.job.spec),
       [this, number = granted.number, attempt] { hand_over(number, attempt); });
}

/// The record of the start is on the disk: the engine may know of it.
void JobService::hand_over(std::uint64_t number, std::uint32_t attempt) {
  Live* const live = live_of(number);
  if (live == nullptr || live->job.attempt != attempt || live->is_handed_over ||
      !is_live(live->job.state)) {
    return;
  }
  if (live->job.state != State::Starting) {  // somebody has asked for its end before it began
    End end;
    end.kind = EndKind::Stopped;
    end.words = "ended before it was started";
    end.at = parts_.wall_clock();
    finish(*live, end);
    return;
  }
  live->is_handed_over = true;
  resource::Claim claim;
  claim.holder = "job " + std::to_string(number);
  claim.quantity = {live->job.spec.cores, live->job.spec.memory};
  std::vector<std::uint32_t> cpus;
  for (const resource::Lease& lease : live->leases) {
    claim.device = live->leases.front().device();
    cpus.insert(cpus.end(), lease.cpus().begin(), lease.cpus().end());
  }
  spawn(parts_.executors.io(),
        run_submit(attempt_of(live->job),
                   std::move(claim),
                   std::move(cpus),
                   program_of(live->job,
                              live->leases,
                              live->job.environment.empty() || parts_.environments == nullptr
                                  ? std::filesystem::path()
                                  : parts_.environments->venv_of(live->job.environment))));
}

Awaitable<void> JobService::run_submit(AttemptId attempt,
                                       resource::Claim claim,
                                       std::vector<std::uint32_t> cpus,
                                       ProgramSpec program) {
  auto placed =
      co_await parts_.engine.submit(attempt, std::move(claim), std::move(cpus), std::move(program));
  serial_.run([this, attempt, placed] { note_handed_over(attempt, placed); });
}

void JobService::note_handed_over(const AttemptId& attempt, const Result<Placement>& placed) {
  Live* const live = live_of(attempt);
  if (live == nullptr) {
    return;  // it has ended already
  }
  if (!placed) {
    End end;
    end.kind = EndKind::NotStarted;
    end.words = placed.error().message;
    end.at = parts_.wall_clock();
    finish(*live, end);
    return;
  }
  live->job.placement = *placed;
  if (live->job.state == State::Cancelling || live->job.state == State::Requeueing) {
    ask_engine(*live, Event::Cancel);
  } else {
    save(*live, {});
  }
}

/// In the order in which they are asked: the engine waits where it likes, and a suspension that
/// came behind its own resumption would be for ever.
void JobService::ask_engine(Live& live, Event wish) {
  if (!live.is_handed_over) {
    return;
  }
  live.requests.push_back(wish);
  if (!live.is_asking) {
    live.is_asking = true;
    spawn(parts_.executors.io(), run_requests(attempt_of(live.job)));
  }
}

Awaitable<void> JobService::run_requests(AttemptId attempt) {
  for (;;) {
    std::function<Result<std::optional<Event>>()> take = [this, attempt] {
      Live* const live = live_of(attempt);
      std::optional<Event> next;
      if (live != nullptr && live->requests.empty()) {
        live->is_asking = false;
      } else if (live != nullptr) {
        next = live->requests.front();
        live->requests.pop_front();
      }
      return Result<std::optional<Event>>(next);
    };
    const auto next = co_await inside<std::optional<Event>>(std::move(take));
    if (!next || !*next) {
      co_return;
    }
    const auto done = co_await request(attempt, **next);
    if (!done) {  // it ends by itself just now, or is not there yet: note_handed_over() asks again
      parts_.log.debug("engine refused", {{"job", attempt.job}, {"reason", done.error().message}});
    }
  }
}

Task<void> JobService::request(AttemptId attempt, Event wish) {
  if (wish == Event::Suspend) {
    co_return co_await parts_.engine.suspend(std::move(attempt));
  }
  if (wish == Event::Resume) {
    co_return co_await parts_.engine.resume(std::move(attempt));
  }
  co_return co_await parts_.engine.stop(std::move(attempt));
}

void JobService::on_started(const AttemptId& attempt, const Started& started) {
  serial_.run([this, attempt, started] {
    Live* const live = live_of(attempt);
    if (live == nullptr || live->job.started) {
      return;
    }
    live->job.started = started.at;
    live->losses = 0;
    const std::string process =
        started.processes.empty() ? "" : "process " + std::to_string(started.processes.front());
    step(*live, Event::Started, process);
  });
}

void JobService::on_ended(const AttemptId& attempt, const End& end) {
  serial_.run([this, attempt, end] {
    if (Live* const live = live_of(attempt)) {
      finish(*live, end);
    }
  });
}

/// What an end means for the job.
Event JobService::judge(Live& live, const End& end) const {
  if (is_good(end)) {
    return Event::Ended;
  }
  if (end.kind == EndKind::Lost && live.job.spec.requeues && live.losses < config_.most_losses) {
    ++live.losses;
    return Event::EndedToRetry;
  }
  const bool counts = end.kind != EndKind::TimeLimit && end.kind != EndKind::Stopped;
  if (counts && live.job.failures < live.job.spec.retries) {
    ++live.job.failures;
    return Event::EndedToRetry;
  }
  return Event::EndedBadly;
}

void JobService::finish(Live& live, const End& end) {
  const std::uint64_t number = live.job.number;
  live.job.end = end;
  const bool is_stopping =
      live.job.state == State::Cancelling || live.job.state == State::Requeueing;
  const Event event = is_stopping && !is_good(end) ? Event::EndedBadly : judge(live, end);
  queue_.leave(number, parts_.executors.clock().now());
  step(live, event, words_of(end));
  if (live.job.state == State::BackingOff) {
    back_off(live);
  } else if (live.job.state == State::Queued) {
    enter(live);
  } else if (is_final(live.job.state)) {
    settle(live);
  }
  live.leases.clear();  // the last: it brings the next decision
  schedule();
}

void JobService::back_off(Live& live) {
  const std::uint32_t tries = std::min<std::uint32_t>(live.job.failures + live.losses, 31);
  const std::int64_t factor = std::int64_t{1} << (tries > 0 ? tries - 1 : 0);
  const auto first = live.job.spec.back_off;
  const auto pause = first.count() > kLongestBackOff.count() / factor
                         ? std::max(first, kLongestBackOff)
                         : first * factor;
  Clock& clock = parts_.executors.clock();
  live.timer = clock.at(clock.now() + pause, [this, number = live.job.number] {
    serial_.run([this, number] {
      Live* const waiting = live_of(number);
      if (waiting != nullptr && step(*waiting, Event::BackOffOver, "is tried again")) {
        enter(*waiting);
        schedule();
      }
    });
  });
}

}  // namespace aion::jobs
