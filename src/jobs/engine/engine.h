// The port through which jobs are started, stopped and found again: this machine, Slurm,
// Kubernetes.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "resource/lease/lease.h"

namespace aion::jobs {

/// One start of a job on an engine; a retry is another.
struct AttemptId {
  std::string job;  // 36 characters of a UUID
  std::uint32_t number = 1;

  auto operator<=>(const AttemptId&) const = default;
};

/// A variable of the environment, a file's path, a signal: what any system knows.
struct ProgramSpec {
  std::vector<std::string> arguments;              // the program and what it is given; not empty
  std::map<std::string, std::string> environment;  // the whole of it
  std::filesystem::path folder;                    // where it starts; absolute
  std::uint32_t members = 1;                       // processes of the gang, each with its rank
  std::chrono::milliseconds time_limit{0};         // 0 = none; suspended time does not count
  std::chrono::milliseconds grace{10'000};         // between the first signal and the kill
  int stop_signal = 15;
  Bytes log_limit = Bytes::mebi(64);  // of each member; the oldest output goes first
  std::uint32_t most_processes = 0;   // of each member with its children; 0 = no limit
  int niceness = 0;
};

/// Where it runs, for people and for the next start of the daemon: `token` is all that find()
/// needs.
struct Placement {
  std::string engine;  // "local"
  std::string where;   // a node's name
  std::string token;
  std::string level;  // of enforcement: "cgroup v2", "cgroup v1", "limits"
};

/// How a member's life ended.
enum class EndKind : std::uint8_t {
  Exited,     // `number` is the status
  Signalled,  // `number` is the signal
  OutOfMemory,
  TimeLimit,
  Stopped,     // by stop(): `number` as for Exited or Signalled is not told apart
  NotStarted,  // the program could not be started; `words` say why
  Lost,        // nobody knows: its supervisor was killed, or its node went
};

struct Usage {
  std::chrono::nanoseconds cpu{0};
  Bytes peak_memory{};
};

struct End {
  EndKind kind = EndKind::Lost;
  int number = 0;
  std::string words{};  // one sentence for people: "killed: over its 2 GiB of memory"
  Usage usage{};
  std::chrono::system_clock::time_point at{};
};

/// What an engine tells of an attempt.
struct Started {
  std::chrono::system_clock::time_point at{};
  std::vector<std::int64_t> processes{};  // of each member, where there are such
};

enum class Phase : std::uint8_t { Starting, Running, Suspended, Ended };

/// Told on any thread, never inside a call of the engine; each attempt at most one start and
/// exactly one end, that one last.
class Listener {
 public:
  virtual void on_started(const AttemptId& attempt, const Started& started) = 0;
  virtual void on_ended(const AttemptId& attempt, const End& end) = 0;

 protected:
  ~Listener() = default;
};

/// A part of what an attempt has printed, both streams as they came.
struct LogPart {
  std::uint64_t offset = 0;  // of the first byte; what is older than the log's limit is gone
  std::string text;
  bool is_end = false;  // the attempt has ended, and nothing follows
};

/// Thread safety: all methods may be called from any thread; those that may wait hop to where they
/// may.
class Engine {
 public:
  virtual ~Engine() = default;

  /// Who is told of all attempts; set once, before the first call. Outlives the engine.
  virtual void listen(Listener& listener) = 0;

  /// Starts it. An engine that places by itself takes `claim` as the wish that it is; one that
  /// starts what has been placed gets the same amounts as granted, with the cores in `cpus`.
  /// When this has succeeded the attempt is found again by find(), whatever becomes of the daemon.
  /// A gang has ended well when all its members have. The first that ends in any other way decides:
  /// the others are stopped.
  ///
  /// fails   InvalidArgument  the spec cannot be started on any machine of this engine
  ///         Unavailable      not now
  [[nodiscard]] virtual Task<Placement> submit(AttemptId attempt,
                                               resource::Claim claim,
                                               std::vector<std::uint32_t> cpus,
                                               ProgramSpec spec) = 0;

  /// After a restart: the listener is told of the attempt's end as if nothing had happened;
  /// NotFound when there is no trace of it, Unavailable when nobody can tell yet: ask again.
  [[nodiscard]] virtual Task<Phase> find(AttemptId attempt, std::string token) = 0;

  /// Asks it to end: the signal of its spec, and the kill when its grace is over; both of the whole
  /// gang. A suspended one is woken for it. FailedPrecondition when it has ended.
  [[nodiscard]] virtual Task<void> stop(AttemptId attempt) = 0;
  [[nodiscard]] virtual Task<void> suspend(AttemptId attempt) = 0;
  [[nodiscard]] virtual Task<void> resume(AttemptId attempt) = 0;
  [[nodiscard]] virtual Task<void> signal(AttemptId attempt, int number) = 0;

  /// At most `limit` bytes from `offset` on, or from where the log still begins.
  [[nodiscard]] virtual Task<LogPart> log(AttemptId attempt,
                                          std::uint32_t member,
                                          std::uint64_t offset,
                                          std::size_t limit) = 0;

  [[nodiscard]] virtual Task<Usage> usage(AttemptId attempt) = 0;

  /// Removes all traces of an attempt that has ended, its log too.
  [[nodiscard]] virtual Task<void> forget(AttemptId attempt) = 0;
};

}  // namespace aion::jobs
