// Replays the pods of a cluster through the plan that places claims, and the figures of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "sched/cluster/cluster.h"
#include "simulate/trace.h"

namespace aion::simulate {

/// When pods come.
enum class Arrivals : std::uint8_t {
  Drawn,  // drawn from the trace at random, one after the other; none ends. A pod that does not fit
          // is given up. This is how the FGD paper (Weng et al., USENIX ATC 2023) fills a cluster
  Timed,  // when the trace says, for as long as it says; a pod that does not fit waits
};

struct PlacementOptions {
  std::string placement = "fgd";  // a name of sched/cluster/placements.h
  Arrivals arrivals = Arrivals::Drawn;
  std::uint64_t seed = 1;  // Drawn
  double demand = 1.3;     // Drawn: until pods have come that want this multiple of all GPUs
  bool knows_mix = true;   // the typical workload is that of the trace; else what has come so far
};

/// How the cluster stands at one moment. Shares of all GPUs that there are, in thousandths of GPUs;
/// `fragmented` is a share of what is free: what a typical pod is expected not to be able to use.
struct PlacementSample {
  double arrived = 0;
  double allocated = 0;
  double fragmented = 0;
};

struct PlacementFigures {
  std::int64_t nodes = 0;
  std::int64_t gpu_milli = 0;  // of all nodes
  std::int64_t pods = 0;       // that came
  std::int64_t placed = 0;
  PlacementSample end;                 // Drawn: at the end; Timed: when most was allocated
  std::vector<PlacementSample> curve;  // Drawn: at each hundredth of the demand
  // Timed alone. Times are seconds, the share is over the time from the first pod to the last end.
  double mean_allocated = 0;
  double mean_wait = 0;
  std::int64_t max_wait = 0;
};

/// pods     a trace with pods
/// nodes    a trace with nodes; may be the same
///
/// Deterministic: the same bits for the same traces and options. Pods that no node of the cluster
/// could hold even empty count as not placed.
///
/// fails    InvalidArgument when there are no pods or nodes, no placement of the name, or a pod,
/// node or option is not sound
[[nodiscard]] Result<PlacementFigures> replay_placement(const Trace& pods,
                                                        const Trace& nodes,
                                                        const PlacementOptions& options);

/// The nodes as the scheduler knows them.
[[nodiscard]] Result<sched::Cluster> cluster_of(const Trace& nodes);

/// What each pod wants, with the models it names as the nodes number them.
[[nodiscard]] Result<std::vector<sched::MemberShape>> shapes_of(const Trace& pods,
                                                                const Trace& nodes);

}  // namespace aion::simulate
