// `aion infer`: one inference from files.
#pragma once

#include "cli/command.h"

namespace aion::cli {

[[nodiscard]] Command infer_command();

}  // namespace aion::cli
