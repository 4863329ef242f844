// The formats of traces that are read, each in a file of its own.
#pragma once

#include "simulate/trace_format.h"

namespace aion::simulate {

/// Standard Workload Format 2.2 (Chapin et al. 1999, the Parallel Workloads Archive): 18 fields
/// between blanks, ";" before a comment. Beyond it: field 15 (queue) is the priority, and field 18
/// of a job that follows no other (field 17 is -1) its deadline in seconds after the submission.
[[nodiscard]] TraceFormat swf_format();

/// Jobs of Microsoft's Philly cluster with deadlines (Chronus, SoCC 2021).
[[nodiscard]] TraceFormat philly_format();

/// Jobs of the Tiresias test bed (NSDI 2019).
[[nodiscard]] TraceFormat tiresias_format();

/// Jobs of Gavel (OSDI 2020): seven fields between tabs, in steps; a table of throughputs turns
/// them to seconds on a V100.
[[nodiscard]] TraceFormat gavel_format();

/// Pods and nodes of Alibaba's cluster with shared GPUs (openb; FGD, ATC 2023). A pod that was
/// scheduled and wants GPUs is a job of so many whole ones.
[[nodiscard]] TraceFormat openb_pod_format();
[[nodiscard]] TraceFormat openb_node_format();

}  // namespace aion::simulate
