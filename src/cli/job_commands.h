// aion job ...: submit programs, look after them.
#pragma once

#include <vector>

#include "cli/command.h"
#include "cli/connection.h"

namespace aion::cli {

/// job submit, ls, show, logs, wait, cancel, suspend, resume, requeue.
[[nodiscard]] std::vector<Command> job_commands(const FindPlace& find);

}  // namespace aion::cli
