// Writes pictures of schedules.
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "base/result.h"
#include "local/comparison.h"
#include "simulate/trace.h"

namespace aion::local {

/// utilisation, waits, and gantt-<policy> for each outcome, each as .svg and .png, in a folder that
/// is made where it is missing. The replays must have kept their runs. Returns the number of
/// drawings.
///
/// fails   FailedPrecondition when a file cannot be written
[[nodiscard]] Result<std::size_t> write_plots(const std::filesystem::path& folder,
                                              const simulate::Trace& trace,
                                              const std::vector<Outcome>& outcomes);

}  // namespace aion::local
