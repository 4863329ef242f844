#include "simulate/engine.h"

#include <algorithm>
#include <queue>
#include <string>

#include "base/assert.h"
#include "sched/scheduler.h"

namespace aion::simulate {
namespace {

using sched::ClaimId;
using sched::Decision;
using sched::kNever;
using sched::Ticks;

/// When a run will end, unless it is preempted before.
struct End {
  Ticks at;
  std::uint64_t started_as;  // runs that end together end in the order in which they started
  std::size_t job;
  ClaimId claim;

  bool operator<(const End& other) const {
    return at != other.at ? at > other.at : started_as > other.started_as;
  }
};

/// What a preempted job has behind it; only jobs of preemptive policies have one.
struct Held {
  Ticks remaining;
  Ticks overhead = 0;  // of the present run
  Ticks started = 0;
  std::uint64_t started_as = 0;  // 0 = does not run
};

class Engine {
 public:
  Engine(const Trace& trace, const ReplayOptions& options, std::int32_t processors)
      : trace_(trace), options_(options), scheduler_(options.policy, processors) {
    result_.processors = processors;
    result_.starts.resize(trace.jobs.size());
    if (options.policy.discipline == sched::Discipline::Preemptive) {
      held_.reserve(trace.jobs.size());
      for (const TraceJob& job : trace.jobs) {
        held_.push_back({.remaining = job.runtime});
      }
    }
  }

  Replay run() {
    while (true) {
      const Ticks now = next_event();
      if (now == kNever) {
        break;
      }
      if (options_.ties == Ties::Batch) {
        work_off_batch(now);
      } else {
        work_off_events(now);
      }
    }
    AION_ASSERT(scheduler_.waiting() == 0 && scheduler_.running() == 0);
    return std::move(result_);
  }

 private:
  [[nodiscard]] Ticks next_event() {
    while (!ends_.empty() && is_void(ends_.top())) {
      ends_.pop();
    }
    Ticks next = scheduler_.wake_at();
    if (arrived_ < trace_.jobs.size()) {
      next = std::min<Ticks>(next, trace_.jobs[arrived_].submit);
    }
    return ends_.empty() ? next : std::min(next, ends_.top().at);
  }

  /// True for the end of a run that was preempted.
  [[nodiscard]] bool is_void(const End& end) const {
    return !held_.empty() && held_[end.job].started_as != end.started_as;
  }

  void work_off_batch(Ticks now) {
    while (!ends_.empty() && ends_.top().at == now) {
      const End end = ends_.top();
      ends_.pop();
      if (!is_void(end)) {
        finish(end);
      }
    }
    while (arrived_ < trace_.jobs.size() && trace_.jobs[arrived_].submit == now) {
      submit();
    }
    decide(now);
  }

  /// Runs that take all they requested are known to end, so their processors are free for the
  /// arrivals of the same instant; the end of any other is news that comes after them.
  void work_off_events(Ticks now) {
    std::vector<End> ends;
    while (!ends_.empty() && ends_.top().at == now) {
      if (!is_void(ends_.top())) {
        ends.push_back(ends_.top());
      }
      ends_.pop();
    }
    std::stable_sort(ends.begin(), ends.end(), [&](const End& a, const End& b) {
      const Ticks start_a = result_.starts[a.job];
      const Ticks start_b = result_.starts[b.job];
      return start_a != start_b ? start_a < start_b : a.job < b.job;
    });
    const auto is_foreseen = [&](const End& end) {
      return result_.starts[end.job] + estimate(trace_.jobs[end.job]) <= now;
    };
    for (const End& end : ends) {
      if (is_foreseen(end)) {
        finish(end);
      }
    }
    while (arrived_ < trace_.jobs.size() && trace_.jobs[arrived_].submit == now) {
      submit();
      decide(now);
    }
    for (const End& end : ends) {
      if (!is_foreseen(end)) {
        finish(end);
      }
      decide(now);
    }
    if (ends.empty()) {
      decide(now);  // the scheduler asked to be woken
    }
  }

  [[nodiscard]] Ticks estimate(const TraceJob& job) const {
    return options_.policy.estimates == sched::Estimates::Actual ? job.runtime : job.request;
  }

  void submit() {
    const TraceJob& job = trace_.jobs[arrived_];
    sched::Claim claim;
    claim.id = arrived_;
    claim.arrival = job.submit;
    claim.request = job.request;
    claim.runtime = job.runtime;
    claim.processors = std::min(job.processors, result_.processors);
    claim.user = job.user;
    claim.name = job.name;
    claim.priority = job.priority;
    claim.deadline = job.deadline < 0 ? kNever : job.deadline;
    claim.is_best_effort = job.is_best_effort;
    scheduler_.submit(claim, job.submit);
    ++arrived_;
  }

  void finish(const End& end) {
    scheduler_.finish(end.claim, end.at);
    const TraceJob& job = trace_.jobs[end.job];
    const Ticks started = held_.empty() ? result_.starts[end.job] : held_[end.job].started;
    if (options_.keeps_runs) {
      result_.runs.push_back({end.job, started, end.at});
    }
    if (!held_.empty()) {
      result_.seconds_lost += held_[end.job].overhead * job.processors;
    }
    result_.starts[end.job] = end.at - job.runtime;
  }

  void decide(Ticks now) {
    decisions_.clear();
    scheduler_.decide(now, decisions_);
    ++result_.decisions;
    for (const Decision& decision : decisions_) {
      if (decision.action == Decision::Action::Start) {
        start(decision, now);
      } else {
        preempt(decision, now);
      }
    }
  }

  void start(const Decision& decision, Ticks now) {
    const std::size_t job = decision.id;
    Ticks takes = trace_.jobs[job].runtime;
    ++starts_;
    if (!held_.empty()) {
      Held& held = held_[job];
      held.started = now;
      held.started_as = starts_;
      takes = held.overhead + held.remaining;
    }
    result_.starts[job] = now;
    ends_.push({now + takes, starts_, job, decision.claim});
  }

  void preempt(const Decision& decision, Ticks now) {
    Held& held = held_[decision.id];
    const Ticks ran = now - held.started;
    const Ticks lost = std::min(ran, held.overhead);
    held.remaining -= ran - lost;
    held.overhead = options_.policy.restart_cost;
    held.started_as = 0;
    ++result_.preemptions;
    result_.seconds_lost += lost * trace_.jobs[decision.id].processors;
    if (options_.keeps_runs) {
      result_.runs.push_back({static_cast<std::size_t>(decision.id), held.started, now});
    }
  }

  const Trace& trace_;
  const ReplayOptions& options_;
  sched::Scheduler scheduler_;
  Replay result_;
  std::priority_queue<End> ends_;
  std::vector<Held> held_;
  std::vector<Decision> decisions_;
  std::size_t arrived_ = 0;
  std::uint64_t starts_ = 0;
};

Result<void> check(const Trace& trace) {
  std::int64_t last = 0;
  for (std::size_t at = 0; at < trace.jobs.size(); ++at) {
    const TraceJob& job = trace.jobs[at];
    const bool is_clean =
        job.submit >= last && job.runtime > 0 && job.request >= job.runtime && job.processors > 0;
    if (!is_clean) {
      return Error{Code::InvalidArgument,
                   trace.name + ": job " + std::to_string(job.id) + " (number " +
                       std::to_string(at) +
                       " in order) is not clean: expected submit >= " + std::to_string(last) +
                       ", 0 < runtime <= request and processors > 0; got submit " +
                       std::to_string(job.submit) + ", runtime " + std::to_string(job.runtime) +
                       ", request " + std::to_string(job.request) + ", processors " +
                       std::to_string(job.processors)};
    }
    last = job.submit;
  }
  return {};
}

}  // namespace

Result<Replay> replay(const Trace& trace, const ReplayOptions& options) {
  const std::int32_t processors = options.processors > 0 ? options.processors : trace.processors;
  if (processors <= 0) {
    return Error{Code::InvalidArgument,
                 trace.name +
                     " does not say how many processors its machine has; expected a number > 0 "
                     "from the options"};
  }
  AION_TRY_VOID(check(trace));
  return Engine(trace, options, processors).run();
}

}  // namespace aion::simulate
