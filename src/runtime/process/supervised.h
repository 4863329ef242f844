// A program under its supervisor: start it, find it again, ask things of it, read what it printed.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/process/control_group.h"

namespace aion::runtime {

/// What a supervisor starts. Nothing holds a zero byte.
struct ProgramOrder {
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;
  std::filesystem::path folder;
  std::chrono::milliseconds time_limit{0};  // 0 = none
  std::chrono::milliseconds grace{10'000};
  int stop_signal = 15;
  Bytes log_limit = Bytes::mebi(64);
  int niceness = 0;
  std::vector<std::uint32_t> cpus;   // that it may run on; empty = all
  std::uint32_t most_processes = 0;  // 0 = no limit of its own
  ControlGroup group;                // that it joins; empty = none
};

/// What a supervisor has written down.
struct ProgramRecord {
  enum class Kind : std::uint8_t { Exited, Signalled, Failed };
  struct End {
    Kind kind = Kind::Exited;
    int number = 0;  // status, signal or errno
    bool is_stopped = false;
    bool is_over_time = false;
    std::chrono::system_clock::time_point at{};
    std::chrono::microseconds cpu{0};
    Bytes peak_memory{};  // of its largest process
    Bytes dropped{};      // of its output
  };
  std::int64_t supervisor = 0;  // process numbers; 0 = not written yet
  std::int64_t process = 0;
  std::chrono::system_clock::time_point started{};
  std::string what;  // failed, for Failed
  std::optional<End> end;
};

enum class Demand : std::uint8_t { Stop, Suspend, Resume, Signal };

/// One supervisor's folder. A value: whatever happens is in the folder, and outlives this process.
///
/// Thread safety: as the files it stands for.
class Supervised {
 public:
  explicit Supervised(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Makes the folder and starts `supervisor` on it, in a session of its own, with the descriptor
  /// `bell` and no other: the supervisor writes a byte to it when the program runs, and whoever
  /// holds the other end reads the end of file when the supervisor has gone. The process of the
  /// supervisor, to be reaped by the caller.
  ///
  /// fails   Unavailable with the system's reason
  [[nodiscard]] Result<int> start(const std::filesystem::path& supervisor,
                                  const ProgramOrder& order,
                                  int bell) const;

  /// Whether its supervisor lives: it holds a lock until it dies.
  [[nodiscard]] bool is_alive() const;
  [[nodiscard]] ProgramRecord record() const;

  /// Waits for a supervisor that is only just starting, a second at most.
  ///
  /// fails   FailedPrecondition when no supervisor lives
  [[nodiscard]] Result<void> demand(Demand demand, int signal = 0) const;

  /// At most `limit` bytes of what was printed from `offset` on, or from where there is still some.
  struct LogPart {
    std::uint64_t offset = 0;
    std::string text;
  };
  [[nodiscard]] LogPart log(std::uint64_t offset, std::size_t limit) const;

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

/// Kills every process of this user whose environment has this line, as children of a supervisor
/// that was killed where there are no control groups. How many there were.
std::size_t kill_marked(std::string_view variable);

}  // namespace aion::runtime
