// The commands that talk to a daemon, and those that need none.
#pragma once

#include <vector>

#include "cli/connection.h"

namespace aion::cli {

/// `program` outlives the commands: completion prints its table.
[[nodiscard]] std::vector<Command> commands(const Program& program, const FindPlace& find);

}  // namespace aion::cli
