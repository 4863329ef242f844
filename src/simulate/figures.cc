#include "simulate/figures.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <queue>
#include <unordered_map>
#include <vector>

namespace aion::simulate {
namespace {

constexpr std::int64_t kShortest =
    10;  // seconds; a shorter job counts as this long, or its slowdown drowns all others

std::int64_t held(const TraceJob& job, std::int32_t processors) {
  return std::min(job.processors, processors);
}

/// The value below which a share of the sorted values lies.
std::int64_t quantile(std::vector<std::int64_t>& values, double share) {
  const auto rank = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + rank, values.end());
  return values[static_cast<std::size_t>(rank)];
}

struct Mean {
  double sum = 0;
  double count = 0;

  void add(double value) {
    sum += value;
    ++count;
  }
  [[nodiscard]] double value() const { return sum / count; }
};

/// (sum x)^2 / (n sum x^2) over the users' means.
double jain_index(const std::unordered_map<std::int32_t, Mean>& users) {
  double sum = 0;
  double squares = 0;
  for (const auto& [user, mean] : users) {
    sum += mean.value();
    squares += mean.value() * mean.value();
  }
  return sum * sum / (static_cast<double>(users.size()) * squares);
}

/// A job on the one fast machine.
struct FastJob {
  double key;  // what goes first
  std::size_t number;
  double remaining;
  double mean_busy;  // integral of time over its processing, so far
  double area;

  bool operator<(const FastJob& other) const {
    return key != other.key ? key > other.key : number > other.number;
  }
};

struct FastMachine {
  double completions = 0;
  double mean_busy_times = 0;
};

/// Runs jobs preemptively on one machine of speed `processors`, from time zero = the first
/// submission.
FastMachine run_fast(std::span<const TraceJob> jobs, std::int32_t processors, bool by_remaining) {
  FastMachine result;
  std::priority_queue<FastJob> waiting;
  const std::int64_t zero = jobs.front().submit;
  const auto submitted = [&](std::size_t at) {
    return static_cast<double>(jobs[at].submit - zero);
  };
  double now = 0;
  std::size_t arrived = 0;
  while (arrived < jobs.size() || !waiting.empty()) {
    if (waiting.empty()) {
      now = std::max(now, submitted(arrived));
    }
    for (; arrived < jobs.size() && submitted(arrived) <= now; ++arrived) {
      const double area = static_cast<double>(jobs[arrived].runtime) *
                          static_cast<double>(held(jobs[arrived], processors)) / processors;
      waiting.push({area, arrived, area, 0, area});
    }
    FastJob job = waiting.top();
    waiting.pop();
    const double until = arrived < jobs.size() ? submitted(arrived) : HUGE_VAL;
    const double step = std::min(job.remaining, until - now);
    job.mean_busy += step * (now + step / 2);
    job.remaining -= step;
    now += step;
    if (job.remaining <= 1e-9) {
      result.completions += now;
      result.mean_busy_times += job.mean_busy / job.area;
    } else {
      job.key = by_remaining ? job.remaining : job.area;
      waiting.push(job);
    }
  }
  return result;
}

/// The three simple bounds, counted from the first submission of these jobs.
Bounds simple_bounds(std::span<const TraceJob> jobs, std::int32_t processors) {
  Bounds bounds;
  double runtimes = 0;
  for (const TraceJob& job : jobs) {
    bounds.trivial += static_cast<double>(job.submit - jobs.front().submit + job.runtime);
    runtimes += static_cast<double>(job.runtime);
  }
  bounds.srpt = run_fast(jobs, processors, true).completions;
  bounds.mean_busy = run_fast(jobs, processors, false).mean_busy_times + runtimes / 2;
  return bounds;
}

/// Any bound of one half plus any of the other bounds the whole: to leave jobs out only makes room.
/// `zero`: where time begins.
double recursive_bound(std::span<const TraceJob> jobs, std::int32_t processors, std::int64_t zero) {
  constexpr std::size_t kLeaf = 8;
  const Bounds own = simple_bounds(jobs, processors);
  const double shift =
      static_cast<double>(jobs.front().submit - zero) * static_cast<double>(jobs.size());
  const double whole = std::max({own.trivial, own.srpt, own.mean_busy}) + shift;
  if (jobs.size() <= kLeaf) {
    return whole;
  }
  const std::size_t half = jobs.size() / 2;
  const double parts = recursive_bound(jobs.first(half), processors, zero) +
                       recursive_bound(jobs.subspan(half), processors, zero);
  return std::max(whole, parts);
}

}  // namespace

Figures figures(const Trace& trace, std::span<const std::int64_t> starts, std::int32_t processors) {
  Figures sums;
  if (trace.jobs.empty()) {
    return sums;
  }
  const std::int64_t zero = trace.jobs.front().submit;
  const std::int64_t last = trace.jobs.back().submit;
  std::vector<std::int64_t> waits;
  waits.reserve(trace.jobs.size());
  double area = 0;
  double busy = 0;
  std::unordered_map<std::int32_t, Mean> users;
  for (std::size_t at = 0; at < trace.jobs.size(); ++at) {
    const TraceJob& job = trace.jobs[at];
    const std::int64_t end = starts[at] + job.runtime;
    const std::int64_t flow = end - job.submit;
    const auto wide = static_cast<double>(held(job, processors));
    waits.push_back(starts[at] - job.submit);
    sums.mean_wait += static_cast<double>(waits.back());
    sums.mean_flow += static_cast<double>(flow);
    const double slowdown = std::max(
        1.0, static_cast<double>(flow) / static_cast<double>(std::max(job.runtime, kShortest)));
    sums.mean_bounded_slowdown += slowdown;
    users[job.user].add(slowdown);
    if (__builtin_add_overflow(sums.sum_of_completions, end - zero, &sums.sum_of_completions)) {
      sums.sum_of_completions = std::numeric_limits<std::int64_t>::max();
    }
    sums.makespan = std::max(sums.makespan, end - zero);
    area += static_cast<double>(job.runtime) * wide;
    busy += static_cast<double>(std::min(end, last) - std::min(starts[at], last)) * wide;
    const bool has_deadline = job.deadline >= 0 && !job.is_best_effort;
    sums.deadlines += has_deadline ? 1 : 0;
    sums.deadlines_met += has_deadline && end <= job.deadline ? 1 : 0;
  }
  const auto count = static_cast<double>(trace.jobs.size());
  sums.jobs = static_cast<std::int64_t>(trace.jobs.size());
  sums.users = static_cast<std::int64_t>(users.size());
  sums.fairness = jain_index(users);
  sums.mean_wait /= count;
  sums.mean_flow /= count;
  sums.mean_bounded_slowdown /= count;
  sums.utilisation = area / (static_cast<double>(processors) * static_cast<double>(sums.makespan));
  sums.utilisation_of_arrivals =
      last > zero ? busy / (static_cast<double>(processors) * static_cast<double>(last - zero))
                  : 1.0;
  sums.max_wait = *std::max_element(waits.begin(), waits.end());
  sums.p99_wait = quantile(waits, 0.99);
  sums.p95_wait = quantile(waits, 0.95);
  return sums;
}

Bounds lower_bounds(const Trace& trace, std::int32_t processors) {
  if (trace.jobs.empty()) {
    return {};
  }
  Bounds bounds = simple_bounds(trace.jobs, processors);
  bounds.recursive = recursive_bound(trace.jobs, processors, trace.jobs.front().submit);
  return bounds;
}

double gap(const Trace& trace, const Figures& reached, double bound) {
  if (trace.jobs.empty()) {
    return 0;
  }
  double submissions = 0;
  for (const TraceJob& job : trace.jobs) {
    submissions += static_cast<double>(job.submit - trace.jobs.front().submit);
  }
  const double possible = bound - submissions;
  return possible > 0 ? (static_cast<double>(reached.sum_of_completions) - bound) / possible : 0;
}

}  // namespace aion::simulate
