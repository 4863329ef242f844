// main() of a worker process: what `aion worker` runs. People do not start it; the daemon does.
#pragma once

#include <string>
#include <vector>

#include "runtime/backends.h"

namespace aion::runtime {

/// The arguments that give a worker process the environment's settings; for
/// WorkerOptions::arguments.
[[nodiscard]] std::vector<std::string> worker_arguments(const BackendEnvironment& environment);

/// argv is that of the program: argv[1] is "worker", the rest comes from the daemon. Returns the
/// exit status: 0 the daemon said Stop; 1 the conversation broke, with a line on stderr; 2 it was
/// not started by a daemon.
int worker_main(int argc, char** argv);

}  // namespace aion::runtime
