// The program: finds the command that the words name, and runs it.
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/commands.h"
#include "daemon/commands.h"
#include "local/simulate_command.h"
#include "runtime/worker_main.h"

int main(int argc, char** argv) {
  // ONNX Runtime 1.30 keeps a device id in the user's cache folder and can report home; nothing
  // leaves this machine.
  setenv(
      "ORT_DISABLE_TELEMETRY", "1", 1);  // NOLINT(concurrency-mt-unsafe): before any thread starts
  if (argc > 1 && std::string_view(argv[1]) == "worker") {
    return aion::runtime::worker_main(argc, argv);
  }
  aion::cli::Program program;
  program.add(aion::daemon::commands());
  program.add(aion::cli::commands(program, aion::daemon::place_of));
  program.add(aion::local::simulate_command());
  try {
    return static_cast<int>(program.run({argv + 1, argv + argc}));
  } catch (const std::exception& escaped) {  // of a library, e.g. a file system that refuses
    aion::cli::say_error(escaped.what());
    return static_cast<int>(aion::cli::Exit::Failed);
  }
}
