// `aion bench`: how fast a model answers.
#pragma once

#include "cli/command.h"

namespace aion::cli {

[[nodiscard]] Command bench_command();

}  // namespace aion::cli
