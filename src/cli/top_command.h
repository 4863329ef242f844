// aion top: what the machine and its models are doing, again and again.
#pragma once

#include "cli/command.h"
#include "cli/connection.h"

namespace aion::cli {

[[nodiscard]] Command top_command(FindPlace find);

}  // namespace aion::cli
