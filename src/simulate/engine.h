// Replays a trace through the scheduler that runs the machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "sched/policy/policy.h"
#include "simulate/trace.h"

namespace aion::simulate {

/// What happens at one instant before the scheduler decides.
enum class Ties : std::uint8_t {
  Batch,  // all ends, then all arrivals, then one decision
  Event,  // a decision after each single event, arrivals before ends, as older simulators do
};

struct ReplayOptions {
  sched::Policy policy;
  std::int32_t processors = 0;  // of the machine; 0 = as the trace says. Larger jobs are cut to it
  Ties ties = Ties::Batch;
  bool keeps_runs = false;  // fill Replay::runs
};

/// A time for which a job held its processors: one for each start.
struct Run {
  std::size_t job;  // position in Trace::jobs
  std::int64_t start;
  std::int64_t end;
};

struct Replay {
  std::int32_t processors = 0;
  std::vector<std::int64_t>
      starts;  // by position in Trace::jobs; of a preempted job, its end less its runtime
  std::vector<Run> runs;       // in order of their ends
  std::int64_t decisions = 0;  // how often the scheduler was asked
  std::int64_t preemptions = 0;
  std::int64_t seconds_lost = 0;  // processor seconds that restarts cost
};

/// Runs every job of the trace to its end. Deterministic. Memory is linear in the jobs.
///
/// fails   InvalidArgument when neither the trace nor the options say how many processors there
/// are, or a job is not clean
Result<Replay> replay(const Trace& trace, const ReplayOptions& options);

}  // namespace aion::simulate
