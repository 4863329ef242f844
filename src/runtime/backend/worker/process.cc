#include "runtime/backend/worker/process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

namespace aion::runtime::worker {

namespace {

constexpr int kFirstUnused = kLifeDescriptor + 1;

Error cannot_start(const std::filesystem::path& program, int why) {
  return Error{Code::FailedPrecondition,
               "cannot start the worker program '" + program.string() + "': " + std::strerror(why)};
}

/// What posix_spawn() is told; each call's status is remembered, the first that failed wins.
class SpawnPlan {
 public:
  SpawnPlan() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
  }
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  /// Standard streams, the given descriptors from 3 on, and nothing else.
  void set_descriptors(std::span<const Descriptor> from_three_on) {
    note(::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0));
    note(::posix_spawn_file_actions_adddup2(&actions_, STDERR_FILENO, STDOUT_FILENO));
    int number = kRegionDescriptor;
    for (const Descriptor& descriptor : from_three_on) {
      note(::posix_spawn_file_actions_adddup2(&actions_, descriptor.get(), number++));
    }
    note(::posix_spawn_file_actions_addclosefrom_np(&actions_, number));
  }

  /// No signal blocked or ignored; a group of its own, so that Ctrl-C in a terminal reaches the
  /// daemon alone, which ends its workers in order.
  void set_signals() {
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    note(::posix_spawnattr_setsigmask(&attributes_, &none));
    note(::posix_spawnattr_setsigdefault(&attributes_, &all));
    note(::posix_spawnattr_setpgroup(&attributes_, 0));
    note(::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP));
  }

  [[nodiscard]] Result<pid_t> run(const Process::Program& program, std::vector<std::string> words) {
    std::vector<char*> pointers;
    for (std::string& word : words) {
      pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    pid_t pid = 0;
    if (failed_ == 0) {
      failed_ = ::posix_spawn(
          &pid, program.path.c_str(), &actions_, &attributes_, pointers.data(), environ);
    }
    if (failed_ != 0) {
      return cannot_start(program.path, failed_);
    }
    return pid;
  }

 private:
  void note(int status) { failed_ = failed_ == 0 ? status : failed_; }

  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
  int failed_ = 0;
};

}  // namespace

Result<Process> Process::start(const Program& program, std::span<const int, 3> inherited) {
  if (program.path.empty()) {
    return Error{Code::FailedPrecondition, "no program for worker processes is configured"};
  }
  std::array<int, 2> pipe{-1, -1};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
    return cannot_start(program.path, errno);
  }
  Descriptor life(pipe[0]);
  const Descriptor life_of_worker(pipe[1]);
  // Copies above the numbers that they get in the worker: dup2() there must not overwrite one that
  // is still to come.
  std::vector<Descriptor> copies;
  for (const int number : {inherited[0], inherited[1], inherited[2], life_of_worker.get()}) {
    copies.emplace_back(::fcntl(number, F_DUPFD_CLOEXEC, kFirstUnused));
    if (!copies.back().is_open()) {
      return cannot_start(program.path, errno);
    }
  }
  SpawnPlan plan;
  plan.set_descriptors(copies);
  plan.set_signals();
  std::vector<std::string> words{
      program.path.string(), "worker", "--parent=" + std::to_string(::getpid())};
  words.insert(words.end(), program.arguments.begin(), program.arguments.end());
  AION_TRY(const pid_t pid, plan.run(program, std::move(words)));
  return Process(pid, std::move(life));
}

Process::~Process() {
  static_cast<void>(end());
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), life_(std::move(other.life_)) {}

std::string Process::end() {
  if (pid_ == 0) {
    return "has ended";
  }
  ::kill(pid_, SIGKILL);  // it changes nothing about a process that is ending already
  int status = 0;
  pid_t waited = 0;
  do {
    waited = ::waitpid(pid_, &status, 0);
  } while (waited < 0 && errno == EINTR);
  pid_ = 0;
  if (waited < 0) {
    return "has ended";
  }
  if (WIFSIGNALED(status)) {
    return "died (signal " + std::to_string(WTERMSIG(status)) + ")";
  }
  return "ended (exit status " + std::to_string(WEXITSTATUS(status)) + ")";
}

}  // namespace aion::runtime::worker
