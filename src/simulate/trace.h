// What a trace says: jobs over time, and the machine they were meant for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace aion::simulate {

/// One job, cleaned (see read_trace). Times are whole seconds since the trace's own zero.
struct TraceJob {
  std::int64_t id = 0;  // the trace's own number; the row number where it has none
  std::int64_t submit = 0;
  std::int64_t runtime = 0;  // > 0, what it really takes
  std::int64_t request =
      0;  // >= runtime, what its user asked for; the runtime where nothing was asked
  std::int32_t processors = 0;  // > 0: processors, or whole GPUs, held at once
  std::int32_t user = -1;       // interned; -1 = not told
  std::int32_t name = -1;       // executable or model, interned; -1 = not told
  std::int32_t priority = 0;    // larger first
  std::int64_t deadline = -1;   // since the trace's zero; -1 = none
  bool is_best_effort = false;
};

/// One pod of a cluster that shares GPUs (openb), as it stands in the file.
struct Pod {
  std::int64_t cpu_milli = 0;  // thousandths of a core
  std::int64_t memory_mib = 0;
  std::int32_t gpus = 0;         // how many it holds parts of
  std::int32_t gpu_milli = 0;    // thousandths of each of them
  std::int32_t gpu_models = -1;  // which it may run on, interned; -1 = any
  std::int64_t created = 0;      // seconds since the trace's zero
  std::int64_t deleted = 0;
  std::int64_t scheduled = -1;  // -1 = never
};

/// One machine of such a cluster.
struct Node {
  std::int64_t cpu_milli = 0;
  std::int64_t memory_mib = 0;
  std::int32_t gpus = 0;
  std::int32_t gpu_model = -1;  // interned
};

struct Trace {
  std::string name;             // file name without folders
  std::int32_t processors = 0;  // of the machine; 0 = the trace does not say
  std::vector<TraceJob> jobs;   // in order of (submit, position in the file)
  std::int64_t dropped = 0;     // records that cleaning dropped
  std::int64_t cut = 0;         // runtimes cut to the request
  std::string first_drop;       // which record was dropped first, and why; empty = none
  std::vector<Pod> pods;  // openb alone: every pod in the order of the file, parts of GPUs and all
  std::vector<Node> nodes;              // openb alone
  std::vector<std::string> gpu_models;  // openb alone: the names that were interned, by number
};

}  // namespace aion::simulate
