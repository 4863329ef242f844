// The figures by which policies are compared.
#pragma once

#include <cstdint>
#include <span>

#include "simulate/trace.h"

namespace aion::simulate {

/// Times are seconds, utilisations shares of the machine in [0, 1]. All zero for a trace without
/// jobs.
struct Figures {
  std::int64_t jobs = 0;
  double mean_wait =
      0;  // from submission to start; a preempted job's start is its end less its runtime
  std::int64_t p95_wait =
      0;  // the least wait that 95 % of the jobs do not exceed, by rank floor(0.95 (n - 1))
  std::int64_t p99_wait = 0;
  std::int64_t max_wait = 0;
  double mean_bounded_slowdown = 0;  // max(1, (wait + runtime) / max(runtime, 10 s))
  double mean_flow = 0;              // from submission to end
  std::int64_t sum_of_completions =
      0;  // sum C_i, counted from the first submission; what scheduling theory minimises. The
          // largest number there is stands for all that are larger
  std::int64_t makespan = 0;  // from the first submission to the last end
  double utilisation = 0;     // over the makespan
  double utilisation_of_arrivals =
      0;  // from the first to the last submission: without the tail that empties the machine
  std::int64_t users = 0;
  double fairness = 1;  // Jain's index (1984) of the users' mean bounded slowdowns: 1 = all are
                        // slowed down alike, 1 / users = one bears it all
  std::int64_t deadlines = 0;  // of jobs that have one and are not best effort
  std::int64_t deadlines_met = 0;
};

/// starts      by position in trace.jobs
/// processors  > 0, of the machine; larger jobs count as cut to it
[[nodiscard]] Figures figures(const Trace& trace,
                              std::span<const std::int64_t> starts,
                              std::int32_t processors);

/// Lower bounds on sum C_i that hold for any schedule of the trace, preemptive and clairvoyant ones
/// included.
struct Bounds {
  double trivial = 0;  // every job starts when it comes
  double srpt = 0;  // one machine as fast as all processors together, shortest remaining area first
                    // (Schrage 1968)
  double mean_busy =
      0;  // the same machine by mean busy times (Goemans et al. 2002): sum of M_i + runtime / 2
  double recursive =
      0;  // the best of them, strengthened: bounds of disjoint sets of jobs may be added up
};

/// O(n log^2 n): seconds for a million jobs.
[[nodiscard]] Bounds lower_bounds(const Trace& trace, std::int32_t processors);

/// How far a schedule is above a bound: sum C_i / bound - 1, both less what no schedule can change,
/// the submissions. This is the share by which the mean flow could at most shrink; 0 when the bound
/// is reached.
[[nodiscard]] double gap(const Trace& trace, const Figures& reached, double bound);

}  // namespace aion::simulate
