#include "runtime/supervisor/child.h"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace aion::supervisor {

namespace {

enum class Part : int { Death, Output, Group, Cpus, Limits, Folder, Program };
constexpr const char* kParts[] = {"its tie to the supervisor",
                                  "its output",
                                  "its control group",
                                  "its processors",
                                  "its limits",
                                  "its folder",
                                  "the program"};

struct Failure {
  Part part;
  int error;
};

[[noreturn]] void give_up(int told, Part part) {
  const Failure failure{part, errno};
  [[maybe_unused]] const ssize_t written = write(told, &failure, sizeof(failure));
  _exit(127);
}

bool join(const char* group) {
  const int file = open(group, O_WRONLY | O_CLOEXEC);
  const bool is_in = file >= 0 && write(file, "0", 1) == 1;
  const int why = errno;
  if (file >= 0) {
    close(file);
  }
  errno = why;
  return is_in;
}

bool limit(const Spec& spec) {
  const rlimit none{0, 0};
  bool is_set = setrlimit(RLIMIT_CORE, &none) == 0;
  if (spec.most_processes > 0) {
    const rlimit most{spec.most_processes, spec.most_processes};
    is_set = is_set && setrlimit(RLIMIT_NPROC, &most) == 0;
  }
  return is_set && (spec.nice == 0 || setpriority(PRIO_PROCESS, 0, spec.nice) == 0);
}

void be_usual() {
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction usual {};
    usual.sa_handler = SIG_DFL;
    sigaction(signal, &usual, nullptr);  // refused for some; those are as they always are
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void become(const Spec& spec, pid_t supervisor, int output, int told) {
  setpgid(0, 0);
  // The supervisor may have died before the tie was made.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != supervisor) {
    give_up(told, Part::Death);
  }
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0) {
    give_up(told, Part::Output);
  }
  for (int i = 0; i < spec.group_count; ++i) {
    if (!join(spec.groups[i])) {
      give_up(told, Part::Group);
    }
  }
  if (spec.has_cpus && sched_setaffinity(0, sizeof(spec.cpus), &spec.cpus) != 0) {
    give_up(told, Part::Cpus);
  }
  if (!limit(spec)) {
    give_up(told, Part::Limits);
  }
  if (chdir(spec.folder) != 0) {
    give_up(told, Part::Folder);
  }
  be_usual();
  environ = spec.environment;
  execvp(spec.arguments[0], spec.arguments);
  give_up(told, Part::Program);
}

}  // namespace

Start start_child(const Spec& spec, int output) {
  Start start;
  int told[2];
  if (pipe2(told, O_CLOEXEC) != 0) {
    return {-1, errno, "a pipe"};
  }
  const pid_t supervisor = getpid();
  start.process = fork();
  if (start.process == 0) {
    become(spec, supervisor, output, told[1]);
  }
  const int why = errno;
  close(told[1]);
  if (start.process < 0) {
    close(told[0]);
    return {-1, why, "a process"};
  }
  setpgid(start.process, start.process);  // here, too: an order may come before it has run
  Failure failure{};
  ssize_t got = 0;
  do {
    got = read(told[0], &failure, sizeof(failure));  // ends when the program has begun
  } while (got < 0 && errno == EINTR);
  close(told[0]);
  if (got == sizeof(failure)) {
    waitpid(start.process, nullptr, 0);
    return {-1, failure.error, kParts[static_cast<int>(failure.part)]};
  }
  return start;
}

}  // namespace aion::supervisor
