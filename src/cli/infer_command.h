// `aion infer`: one inference from files.
#pragma once

#include "cli/connection.h"

namespace aion::cli {

[[nodiscard]] Command infer_command(FindPlace find);

}  // namespace aion::cli
