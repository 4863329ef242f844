// All processes of a program, wherever they have gone.
#pragma once

#include <sys/types.h>

#include "runtime/supervisor/spec.h"

namespace aion::supervisor {

/// Sends the signal to the program's group of processes.
void signal_tree(pid_t program, int signal);

/// Stops time for the tree, or lets it go on: by its control group, else by signals.
void freeze_tree(const Spec& spec, pid_t program, bool is_frozen);

/// Kills whatever is left, and reaps it; `program` is 0 when it has never been. True when nothing
/// is left.
[[nodiscard]] bool kill_tree(const Spec& spec, pid_t program);

}  // namespace aion::supervisor
