// aion explain: why a model stands as it stands, and whether a claim would be granted.
#pragma once

#include "cli/command.h"
#include "cli/connection.h"

namespace aion::cli {

[[nodiscard]] Command explain_command(FindPlace find);

}  // namespace aion::cli
