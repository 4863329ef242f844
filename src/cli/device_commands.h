// aion device: what the machine has, and who holds it.
#pragma once

#include <vector>

#include "cli/command.h"
#include "cli/connection.h"

namespace aion::cli {

/// `aion device ls` and `aion device show`.
[[nodiscard]] std::vector<Command> device_commands(const FindPlace& find);

}  // namespace aion::cli
