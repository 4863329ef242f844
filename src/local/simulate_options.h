// What `aion simulate` is asked for.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command.h"
#include "sched/policy/policy.h"
#include "simulate/engine.h"
#include "simulate/placement_replay.h"
#include "simulate/read_trace.h"
#include "simulate/synthetic.h"

namespace aion::local {

struct WantedPolicy {
  std::string name;
  sched::Policy policy;
};

struct SimulateOptions {
  std::filesystem::path trace;                          // empty = one is made up
  std::optional<simulate::SyntheticOptions> synthetic;  // set = the trace is made up
  std::filesystem::path output;  // where the made-up trace goes, and nothing is simulated; empty =
                                 // it is simulated
  simulate::ReadOptions read;
  std::vector<WantedPolicy> policies;
  std::filesystem::path
      nodes;  // of the machines that pods are placed on; empty = jobs are replayed
  std::vector<std::string> placements;  // with nodes alone
  simulate::Arrivals arrivals = simulate::Arrivals::Drawn;
  simulate::Ties ties = simulate::Ties::Batch;
  std::filesystem::path starts;  // empty = not wanted
  std::filesystem::path plots;   // folder; empty = none are wanted
  bool wants_gap = true;
  bool is_json = false;
};

/// The flags of the command.
[[nodiscard]] std::vector<cli::Option> simulate_flags();

/// What the flags say; InvalidArgument names the flag, what was expected and what came.
[[nodiscard]] Result<SimulateOptions> read_simulate_options(const cli::Arguments& arguments);

}  // namespace aion::local
