#include "cli/commands.h"

#include <cstdio>
#include <utility>

#include "base/json.h"
#include "base/version.h"
#include "cli/bench_command.h"
#include "cli/connection.h"
#include "cli/device_commands.h"
#include "cli/explain_command.h"
#include "cli/infer_command.h"
#include "cli/job_commands.h"
#include "cli/model_commands.h"
#include "cli/status_command.h"
#include "cli/top_command.h"

namespace aion::cli {

namespace {

Exit version(const Arguments& arguments) {
  const std::string number(kVersion);
  std::printf("%s\n",
              arguments.has("json") ? to_text(Json{{"version", number}}).c_str()
                                    : ("aion " + number).c_str());
  return Exit::Done;
}

Command completion_command(const Program& program) {
  const auto run = [&program](const Arguments& arguments) {
    const auto script = program.completion(arguments.words[0]);
    if (!script) {
      return failed(in_context("completion", script.error()));
    }
    std::fputs(script->c_str(), stdout);
    return Exit::Done;
  };
  return {"completion",
          "SHELL",
          1,
          1,
          "print a completion script for bash or zsh: source <(aion completion bash)",
          {},
          run};
}

}  // namespace

std::vector<Command> commands(const Program& program, const FindPlace& find) {
  std::vector<Command> all = model_commands(find);
  all.insert(all.begin(), status_command(find));
  for (Command& command : device_commands(find)) {
    all.push_back(std::move(command));
  }
  for (Command& command : job_commands(find)) {
    all.push_back(std::move(command));
  }
  all.push_back(top_command(find));
  all.push_back(explain_command(find));
  all.push_back(infer_command(find));
  all.push_back(bench_command(find));
  all.push_back(completion_command(program));
  all.push_back({"version", "", 0, 0, "print the version", {{"json", "", "print JSON"}}, version});
  return all;
}

}  // namespace aion::cli
