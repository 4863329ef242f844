// A program that is run to its end for what it does and says.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace aion::runtime {

struct CommandOrder {
  std::vector<std::string> arguments;  // the program first, by its path or a name of PATH
  std::map<std::string, std::string> environment;  // the whole of it
  std::filesystem::path folder = "/";
  std::chrono::milliseconds limit{600'000};  // then it is killed, with all that it has started
  std::size_t most_output = 64U << 10U;      // the end of what it says is kept
};

struct CommandResult {
  int status = 0;  // 128 and the signal where one has ended it, as a shell says it
  bool is_over_time = false;
  std::string output;  // both streams as they came
};

/// Blocks until it has ended and nobody holds its output any more.
///
/// fails   Unavailable  it cannot be started
[[nodiscard]] Result<CommandResult> run_command(const CommandOrder& order);

}  // namespace aion::runtime
