#include "runtime/supervisor/tree.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace aion::supervisor {

namespace {

bool write_word(const char* path, const char* word) {
  const int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) {
    return false;
  }
  const auto size = static_cast<ssize_t>(strlen(word));
  const bool is_written = write(file, word, static_cast<std::size_t>(size)) == size;
  close(file);
  return is_written;
}

/// Kills each process whose number stands in the file; how many there were.
int kill_listed(const char* path) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return 0;
  }
  static char text[1 << 16];
  int count = 0;
  long number = 0;
  bool has_digits = false;
  for (;;) {
    const ssize_t got = read(file, text, sizeof(text));
    if (got <= 0) {
      break;
    }
    for (ssize_t i = 0; i < got; ++i) {
      const bool is_digit = text[i] >= '0' && text[i] <= '9';
      if (is_digit) {
        number = number * 10 + (text[i] - '0');
        has_digits = true;
      } else if (has_digits) {
        if (number != getpid()) {
          kill(static_cast<pid_t>(number), SIGKILL);
          ++count;
        }
        number = 0;
        has_digits = false;
      }
    }
  }
  close(file);
  return count;
}

bool ends_with(const char* text, const char* end) {
  const std::size_t length = strlen(text);
  const std::size_t tail = strlen(end);
  return length >= tail && strcmp(text + length - tail, end) == 0;
}

bool set_frozen(const char* freezer, bool is_frozen) {
  return ends_with(freezer, "freezer.state") ? write_word(freezer, is_frozen ? "FROZEN" : "THAWED")
                                             : write_word(freezer, is_frozen ? "1" : "0");
}

/// A group that cannot be killed at once is frozen first, so that nobody in it has children
/// meanwhile.
void kill_group(const Spec& spec) {
  if (spec.kill != nullptr && write_word(spec.kill, "1")) {
    return;
  }
  if (spec.members == nullptr) {
    return;
  }
  const bool is_frozen = spec.freezer != nullptr && set_frozen(spec.freezer, true);
  kill_listed(spec.members);
  if (is_frozen) {
    set_frozen(spec.freezer, false);
  }
}

/// True when this process has no children.
bool reap() {
  for (;;) {
    const pid_t gone = waitpid(-1, nullptr, WNOHANG);
    if (gone == 0) {
      return false;
    }
    if (gone < 0 && errno != EINTR) {
      return errno == ECHILD;
    }
  }
}

}  // namespace

void signal_tree(pid_t program, int signal) {
  if (kill(-program, signal) != 0) {
    kill(program, signal);
  }
}

void freeze_tree(const Spec& spec, pid_t program, bool is_frozen) {
  if (spec.freezer == nullptr || !set_frozen(spec.freezer, is_frozen)) {
    signal_tree(program, is_frozen ? SIGSTOP : SIGCONT);
  }
}

bool kill_tree(const Spec& spec, pid_t program) {
  constexpr int kTries = 400;
  for (int i = 0; i < kTries; ++i) {
    kill_group(spec);
    if (i == 0 && program > 0) {
      kill(-program, SIGKILL);
    }
    // As their reaper this process is the parent of all that have lost theirs; those below them
    // come up when they are gone.
    kill_listed("/proc/thread-self/children");
    if (reap() && (spec.members == nullptr || kill_listed(spec.members) == 0)) {
      return true;
    }
    const timespec pause{0, i < 10 ? 200'000 : 5'000'000};
    nanosleep(&pause, nullptr);
  }
  return false;
}

}  // namespace aion::supervisor
