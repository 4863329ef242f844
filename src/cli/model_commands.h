// `aion model ls|show|load|unload`.
#pragma once

#include <vector>

#include "cli/command.h"

namespace aion::cli {

[[nodiscard]] std::vector<Command> model_commands();

}  // namespace aion::cli
