// aion-supervisor FOLDER: starts the program of a job's member, and looks after it to its end.
//
// It outlives the daemon, so it is small, static, and speaks by files alone (see record.h).
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/supervisor/child.h"
#include "runtime/supervisor/output.h"
#include "runtime/supervisor/record.h"
#include "runtime/supervisor/spec.h"
#include "runtime/supervisor/tree.h"

namespace aion::supervisor {

namespace {

constexpr std::int64_t kNever = INT64_MAX;
// Of output that is still in the pipe when all processes are gone, or held by one that got away.
constexpr std::int64_t kDrainMs = 1'000;

std::int64_t now_ms() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME,
                &now);  // no step of the wall clock, and sleep of the machine counts
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

long long wall_us() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<long long>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
}

void write_line(int record, const char* line, int size) {
  [[maybe_unused]] const ssize_t written = write(record, line, static_cast<std::size_t>(size));
}

long long children_cpu_us(const rusage& used) {
  return (static_cast<long long>(used.ru_utime.tv_sec) + used.ru_stime.tv_sec) * 1'000'000 +
         used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

class Supervisor {
 public:
  Supervisor(const Spec& spec, int record)
      : spec_(spec), record_(record), output_(spec.log_limit) {}

  int run();

 private:
  bool prepare();
  void serve();
  void take_orders();
  void obey(const Order& order);
  void begin_stop();
  void suspend(bool wants);
  void reap();
  void look_at_time();
  void drain();
  void tell_start() const;
  void tell_end(const char* kind, int number);
  [[nodiscard]] int timeout() const;

  const Spec& spec_;
  int record_;
  Output output_;
  int control_ = -1;
  int signals_ = -1;
  int pipe_ = -1;  // its reading end; -1 = closed by all who write
  int pipe_write_ = -1;
  pid_t program_ = -1;
  bool has_ended_ = false;
  int status_ = 0;
  bool is_stopped_ = false;
  bool is_over_time_ = false;
  bool is_suspended_ = false;
  std::int64_t limit_at_ = kNever;
  std::int64_t limit_left_ = 0;  // while it is suspended
  std::int64_t kill_at_ = kNever;
};

bool Supervisor::prepare() {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, nullptr);
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  signals_ = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  control_ = open(kControlFile, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  int ends[2] = {-1, -1};
  const bool has_pipe = pipe2(ends, O_CLOEXEC) == 0;
  pipe_ = ends[0];
  pipe_write_ = ends[1];
  if (!has_pipe || signals_ < 0 || control_ < 0) {
    return false;
  }
  fcntl(pipe_, F_SETFL, O_NONBLOCK);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  return true;
}

int Supervisor::run() {
  if (!prepare()) {
    const int why = errno;
    write_line(record_, "what its supervisor\n", 20);
    tell_end("failed", why);
    return 1;
  }
  const Start start = start_child(spec_, pipe_write_);
  close(pipe_write_);
  if (start.error != 0) {
    // Whoever it had begun to be may be in the group still.
    [[maybe_unused]] const bool is_clean = kill_tree(spec_, 0);
    char line[128];
    write_line(record_, line, snprintf(line, sizeof(line), "what %s\n", start.what));
    tell_end("failed", start.error);
    return 0;
  }
  program_ = start.process;
  tell_start();
  if (spec_.time_limit_ms > 0) {
    limit_at_ = now_ms() + spec_.time_limit_ms;
  }
  serve();
  [[maybe_unused]] const bool is_clean = kill_tree(spec_, program_);
  drain();
  if (WIFEXITED(status_)) {
    tell_end("exited", WEXITSTATUS(status_));
  } else {
    tell_end("signalled", WTERMSIG(status_));
  }
  return 0;
}

int Supervisor::timeout() const {
  const std::int64_t next = limit_at_ < kill_at_ ? limit_at_ : kill_at_;
  if (next == kNever) {
    return -1;
  }
  const std::int64_t left = next - now_ms();
  constexpr std::int64_t kLongest = 3'600'000;
  return static_cast<int>(left < 0 ? 0 : left < kLongest ? left + 1 : kLongest);
}

void Supervisor::serve() {
  while (!has_ended_) {
    pollfd watched[3] = {{signals_, POLLIN, 0}, {control_, POLLIN, 0}, {pipe_, POLLIN, 0}};
    poll(watched, 3, timeout());  // a descriptor of -1 is left out
    if ((watched[2].revents & (POLLIN | POLLHUP)) != 0 && !output_.pump(pipe_)) {
      close(pipe_);
      pipe_ = -1;
    }
    if (watched[1].revents != 0) {
      take_orders();
    }
    reap();
    look_at_time();
  }
}

void Supervisor::reap() {
  signalfd_siginfo ignored[16];
  while (read(signals_, ignored, sizeof(ignored)) > 0) {}
  for (;;) {
    int status = 0;
    const pid_t gone = waitpid(-1, &status, WNOHANG);
    if (gone <= 0) {
      return;
    }
    if (gone == program_) {
      has_ended_ = true;
      status_ = status;
    }
  }
}

void Supervisor::take_orders() {
  Order order;
  while (read(control_, &order, sizeof(order)) == static_cast<ssize_t>(sizeof(order))) {
    obey(order);
  }
}

void Supervisor::obey(const Order& order) {
  switch (order.kind) {
    case OrderKind::Signal:
      signal_tree(program_, order.number);
      break;
    case OrderKind::Stop:
      is_stopped_ = true;
      begin_stop();
      break;
    case OrderKind::Suspend:
      suspend(true);
      break;
    case OrderKind::Resume:
      suspend(false);
      break;
  }
}

void Supervisor::begin_stop() {
  if (kill_at_ != kNever) {
    return;
  }
  kill_at_ = now_ms() + spec_.grace_ms;
  limit_at_ = kNever;
  signal_tree(program_, spec_.stop_signal);
  if (is_suspended_) {
    suspend(false);
  }
}

void Supervisor::suspend(bool wants) {
  if (wants == is_suspended_ || (wants && kill_at_ != kNever)) {
    return;
  }
  is_suspended_ = wants;
  freeze_tree(spec_, program_, wants);
  if (wants && limit_at_ != kNever) {
    limit_left_ = limit_at_ - now_ms();
    limit_at_ = kNever;
  } else if (!wants && limit_left_ > 0) {
    limit_at_ = kill_at_ == kNever ? now_ms() + limit_left_ : kNever;
    limit_left_ = 0;
  }
}

void Supervisor::look_at_time() {
  const std::int64_t now = now_ms();
  if (now >= limit_at_) {
    is_over_time_ = true;
    begin_stop();
  }
  if (now >= kill_at_ && !has_ended_) {
    kill_at_ = now + spec_.grace_ms + 1'000;  // once more, should it live on
    signal_tree(program_, SIGKILL);
    kill(program_, SIGKILL);
  }
}

void Supervisor::drain() {
  const std::int64_t until = now_ms() + kDrainMs;
  while (pipe_ >= 0 && output_.pump(pipe_) && now_ms() < until) {
    pollfd watched{pipe_, POLLIN, 0};
    poll(&watched, 1, 10);
    if ((watched.revents & POLLHUP) != 0 && !output_.pump(pipe_)) {
      break;
    }
  }
}

/// Writes it down, and rings.
void Supervisor::tell_start() const {
  char line[128];
  write_line(record_, line, snprintf(line, sizeof(line), "started %d %lld\n", program_, wall_us()));
  [[maybe_unused]] const ssize_t rung = write(kBell, "s", 1);
}

void Supervisor::tell_end(const char* kind, int number) {
  rusage used{};
  getrusage(RUSAGE_CHILDREN, &used);
  char line[256];
  write_line(record_,
             line,
             snprintf(line,
                      sizeof(line),
                      "ended %s %d %d %d %lld %lld %ld %llu\n",
                      kind,
                      number,
                      is_stopped_ ? 1 : 0,
                      is_over_time_ ? 1 : 0,
                      wall_us(),
                      children_cpu_us(used),
                      used.ru_maxrss,
                      static_cast<unsigned long long>(output_.dropped())));
}

}  // namespace

int supervise(const char* folder) {
  if (chdir(folder) != 0) {
    fprintf(stderr, "aion-supervisor: cannot enter '%s': %s\n", folder, strerror(errno));
    return 2;
  }
  if (fcntl(kBell, F_SETFD, FD_CLOEXEC) != 0 || fcntl(kRecord, F_SETFD, FD_CLOEXEC) != 0) {
    fprintf(stderr, "aion-supervisor: is started by the daemon, with a bell and a record\n");
    return 2;
  }
  const int record = kRecord;
  char line[128];
  write_line(record, line, snprintf(line, sizeof(line), "supervisor %d\n", getpid()));
  static Spec spec;
  if (const char* const wrong = read_spec(spec)) {
    write_line(record, line, snprintf(line, sizeof(line), "what %s\n", wrong));
    write_line(
        record, line, snprintf(line, sizeof(line), "ended failed 22 0 0 %lld 0 0 0\n", wall_us()));
    return 2;
  }
  static Supervisor supervisor(spec, record);
  return supervisor.run();
}

}  // namespace aion::supervisor

int main(int count, char** words) {
  if (count != 2) {
    fprintf(stderr, "usage: aion-supervisor FOLDER\n");
    return 2;
  }
  return aion::supervisor::supervise(words[1]);
}
