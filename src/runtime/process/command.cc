#include "runtime/process/command.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace aion::runtime {

namespace {

using Clock = std::chrono::steady_clock;

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  for (std::string& word : words) {
    all.push_back(word.data());
  }
  all.push_back(nullptr);
  return all;
}

Result<pid_t> spawn(const CommandOrder& order, int output) {
  std::vector<std::string> arguments = order.arguments;
  std::vector<std::string> variables;
  for (const auto& [name, value] : order.environment) {
    variables.push_back(name + "=" + value);
  }
  posix_spawnattr_t attributes{};
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);  // so that all of it can be killed
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, 1);
  posix_spawn_file_actions_adddup2(&actions, output, 2);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  posix_spawn_file_actions_addchdir_np(&actions, order.folder.c_str());
  pid_t process = -1;
  const int failed = ::posix_spawnp(&process,
                                    arguments.front().c_str(),
                                    &actions,
                                    &attributes,
                                    pointers(arguments).data(),
                                    pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) {
    return Error{Code::Unavailable,
                 "cannot start '" + order.arguments.front() + "': " + std::strerror(failed)};
  }
  return process;
}

/// Takes what comes until the end of the pipe or of the time; false for the latter.
bool collect(int pipe, const CommandOrder& order, std::string& output) {
  const auto until = Clock::now() + order.limit;
  std::array<char, 4096> part{};
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) {
      return false;
    }
    pollfd watched{pipe, POLLIN, 0};
    if (::poll(&watched, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000))) <= 0) {
      continue;
    }
    const ssize_t got = ::read(pipe, part.data(), part.size());
    if (got == 0 || (got < 0 && errno != EINTR)) {
      return true;
    }
    output.append(part.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (output.size() > 2 * order.most_output) {
      output.erase(0, output.size() - order.most_output);
    }
  }
}

}  // namespace

Result<CommandResult> run_command(const CommandOrder& order) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return Error{Code::Unavailable, std::string("no pipe: ") + std::strerror(errno)};
  }
  const auto process = spawn(order, ends[1]);
  ::close(ends[1]);
  if (!process) {
    ::close(ends[0]);
    return process.error();
  }
  CommandResult result;
  result.is_over_time = !collect(ends[0], order, result.output);
  ::close(ends[0]);
  if (result.is_over_time) {
    ::kill(-*process, SIGKILL);
  }
  int status = 0;
  while (::waitpid(*process, &status, 0) < 0 && errno == EINTR) {}
  constexpr int kSignalled = 128;
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : kSignalled + WTERMSIG(status);
  if (result.output.size() > order.most_output) {
    result.output.erase(0, result.output.size() - order.most_output);
  }
  return result;
}

}  // namespace aion::runtime
