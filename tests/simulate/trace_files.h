// The traces that tests replay: where they are, and a small reader of SWF.
#pragma once

#include <optional>
#include <string>

#include "simulate/trace.h"

namespace aion::simulate::testing {

/// The folder of traces: AION_TRACES, else ../shared/traces beside the repository; nothing when
/// neither is there.
std::optional<std::string> trace_folder();

/// The jobs of an SWF file packed by gzip, cleaned as SCHED-SPEC.md says; nothing when it cannot be
/// read.
std::optional<Trace> read_swf(const std::string& path);

/// Every `step`th row of the Philly trace with deadlines; rows without a GPU are dropped. Nothing
/// when it cannot be read.
std::optional<Trace> read_philly(const std::string& path,
                                 std::size_t step,
                                 std::int32_t processors);

}  // namespace aion::simulate::testing
