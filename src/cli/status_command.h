// `aion status`: what the daemon is doing.
#pragma once

#include "cli/connection.h"

namespace aion::cli {

[[nodiscard]] Command status_command(FindPlace find);

}  // namespace aion::cli
