// `aion model ls|show|load|unload`.
#pragma once

#include <vector>

#include "cli/connection.h"

namespace aion::cli {

[[nodiscard]] std::vector<Command> model_commands(const FindPlace& find);

}  // namespace aion::cli
