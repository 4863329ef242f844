// aion simulate: what a policy would make of a trace.
#pragma once

#include "cli/command.h"

namespace aion::local {

/// Replays a trace through the scheduler that runs the machine; needs no daemon.
[[nodiscard]] cli::Command simulate_command();

}  // namespace aion::local
