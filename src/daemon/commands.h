// The commands that are the daemon's own: up, down, config show.
#pragma once

#include <vector>

#include "cli/command.h"
#include "cli/connection.h"

namespace aion::daemon {

[[nodiscard]] std::vector<cli::Command> commands();

/// Where a daemon is that was started with these flags, environment and file: a cli::FindPlace.
[[nodiscard]] Result<cli::Place> place_of(const cli::Arguments& arguments);

}  // namespace aion::daemon
