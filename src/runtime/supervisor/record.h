// What a supervisor and whoever started it say to each other, by files in the supervisor's folder.
#pragma once

#include <cstdint>

namespace aion::supervisor {

// "spec": what to start. Strings "key=value", each with a zero at its end, in any order but for
// arguments and environment.
inline constexpr char kSpecFile[] = "spec";
inline constexpr char kArgument[] = "arg";             // the program first
inline constexpr char kVariable[] = "env";             // "env=NAME=value"
inline constexpr char kWorkFolder[] = "cwd";           // where the program starts
inline constexpr char kStopSignal[] = "stop_signal";   // a number
inline constexpr char kGrace[] = "grace_ms";           // between that signal and the kill
inline constexpr char kTimeLimit[] = "time_limit_ms";  // absent = none
inline constexpr char kLogLimit[] = "log_limit";       // bytes of output that are kept
inline constexpr char kNice[] = "nice";
inline constexpr char kCpus[] = "cpu";             // one that it may run on; repeated
inline constexpr char kMostProcesses[] = "nproc";  // RLIMIT_NPROC
inline constexpr char kGroup[] = "group";      // a "cgroup.procs" that the program joins; repeated
inline constexpr char kFreezer[] = "freezer";  // "cgroup.freeze" (1, 0) or "freezer.state"
inline constexpr char kKill[] = "kill";        // "cgroup.kill"
inline constexpr char kMembers[] = "procs";    // "cgroup.procs" of who is killed at the end

// "record": what has become of it, a line each, appended. Whoever starts the supervisor makes it,
// locks it (flock) and hands the descriptor over: the lock is held from before the supervisor is
// there until it has gone.
//     supervisor <process>
//     started <process> <microseconds since 1970>
//     ended <exited|signalled|failed> <status, signal or errno> <stopped 0|1> <over its time 0|1>
//           <microseconds since 1970> <cpu microseconds> <largest resident KiB> <bytes dropped>
//     what <what failed, for "failed">
inline constexpr char kRecordFile[] = "record";

// "control": a FIFO that takes Orders.
inline constexpr char kControlFile[] = "control";

// Descriptors that the supervisor is started with. A byte is written to the bell when the program
// runs; that the supervisor has gone is the end of file at the other end.
inline constexpr int kBell = 3;
inline constexpr int kRecord = 4;

// "log": a folder of files, each named after the offset of its first byte in all output, in twenty
// digits. What is older than the limit is removed; where bytes were lost to a full disk the next
// file begins behind them.
inline constexpr char kLogFolder[] = "log";
inline constexpr int kOffsetDigits = 20;

enum class OrderKind : std::uint32_t { Signal = 1, Stop = 2, Suspend = 3, Resume = 4 };

/// Written at once: shorter than what a FIFO takes whole (POSIX, PIPE_BUF).
struct Order {
  OrderKind kind = OrderKind::Signal;
  std::int32_t number = 0;  // of a Signal
};

}  // namespace aion::supervisor
