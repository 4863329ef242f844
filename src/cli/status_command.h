// `aion status`: what the daemon is doing.
#pragma once

#include "cli/command.h"

namespace aion::cli {

[[nodiscard]] Command status_command();

}  // namespace aion::cli
