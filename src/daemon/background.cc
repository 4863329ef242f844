#include "daemon/background.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "daemon/data_folder.h"

namespace aion::daemon {

namespace {

constexpr char kReady = '+';
constexpr char kFailed = '-';

Error system_error(const std::string& what) {
  return Error{Code::Unavailable, what + ": " + std::strerror(errno)};
}

/// Whoever started us may wait for the end of files that it let us inherit.
void close_inherited(int but) {
  const auto kept = static_cast<unsigned>(but);
  if (kept > STDERR_FILENO + 1) {
    ::close_range(STDERR_FILENO + 1, kept - 1, 0);
  }
  ::close_range(kept + 1, ~0U, 0);
}

Result<void> detach(const std::filesystem::path& log) {
  setsid();
  ::umask(S_IRWXG | S_IRWXO);
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int out = ::open(
      log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (null < 0 || out < 0) {
    return system_error("cannot open '" + log.string() + "'");
  }
  dup2(null, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  ::close(null);
  ::close(out);
  return {};
}

}  // namespace

Result<Background> Background::begin(bool is_wanted, const std::filesystem::path& data_dir) {
  if (!is_wanted) {
    return Background(-1, 0);
  }
  AION_TRY_VOID(DataFolder::prepare(data_dir));
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return system_error("cannot make a pipe");
  }
  const pid_t child = fork();
  if (child < 0) {
    return system_error("cannot start a process");
  }
  if (child > 0) {
    ::close(ends[1]);
    return Background(ends[0], child);
  }
  close_inherited(ends[1]);
  Background background(ends[1], 0);
  if (auto detached = detach(data_dir / "aion.log"); !detached) {
    background.failed(detached.error().message);
    return std::move(detached).error();
  }
  return background;
}

Background::Background(Background&& other) noexcept
    : pipe_(std::exchange(other.pipe_, -1)), child_(other.child_) {}

Background::~Background() {
  if (pipe_ >= 0) {
    ::close(pipe_);
  }
}

bool Background::wait_for_child() const {
  std::string report;
  std::array<char, 512> part{};
  for (ssize_t got = 0; (got = ::read(pipe_, part.data(), part.size())) != 0;) {
    if (got > 0) {
      report.append(part.data(), static_cast<std::size_t>(got));
    } else if (errno != EINTR) {
      break;
    }
  }
  if (!report.empty() && report[0] == kReady) {
    std::fwrite(report.data() + 1, 1, report.size() - 1, stdout);
    return true;
  }
  cli::say_error(report.empty()
                     ? "the daemon ended before it was ready; see aion.log in its data folder"
                     : report.substr(1));
  return false;
}

void Background::report(char verdict, const std::string& text) {
  const std::string line = verdict + text;
  // The parent may have been killed meanwhile; the daemon goes on without it.
  [[maybe_unused]] const auto written = ::write(pipe_, line.data(), line.size());
  ::close(std::exchange(pipe_, -1));
}

void Background::ready(const std::string& line) {
  if (pipe_ >= 0) {
    report(kReady, line);
    return;
  }
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

void Background::failed(const std::string& reason) {
  if (pipe_ >= 0) {
    report(kFailed, reason);
    return;
  }
  cli::say_error(reason);
}

}  // namespace aion::daemon
