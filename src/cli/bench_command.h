// `aion bench`: how fast a model answers.
#pragma once

#include "cli/connection.h"

namespace aion::cli {

[[nodiscard]] Command bench_command(FindPlace find);

}  // namespace aion::cli
