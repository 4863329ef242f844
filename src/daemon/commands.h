// The commands that are the daemon's own: up, down, config show.
#pragma once

#include <vector>

#include "cli/command.h"

namespace aion::daemon {

[[nodiscard]] std::vector<cli::Command> commands();

}  // namespace aion::daemon
