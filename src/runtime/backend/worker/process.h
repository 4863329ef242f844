// A child process of the daemon that runs one loaded version.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "runtime/backend/worker/descriptor.h"

namespace aion::runtime::worker {

/// The descriptors that a worker finds open, beside stdin (empty), stdout and stderr (both the
/// daemon's stderr).
inline constexpr int kRegionDescriptor = 3;
inline constexpr int kWorkerBellDescriptor = 4;
inline constexpr int kDaemonBellDescriptor = 5;
inline constexpr int kLifeDescriptor =
    6;  // the end of a pipe that says by closing that the process has ended

/// A started program. It is killed and waited for when its owner goes.
///
/// One thread, the one that started it: the process is killed when that thread ends before it.
class Process {
 public:
  struct Program {
    std::filesystem::path path;
    std::vector<std::string> arguments;
  };
  /// Runs "<program> worker --parent=<pid> <arguments>" in a process group of its own, with nothing
  /// but the descriptors above; `inherited` are the first three. Fails with the system's reason.
  [[nodiscard]] static Result<Process> start(const Program& program,
                                             std::span<const int, 3> inherited);

  ~Process();
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;

  /// Hangs up (poll) as soon as the process has ended.
  [[nodiscard]] int life() const { return life_.get(); }

  /// Kills it if it has not ended, waits for it, and says how it ended: "died (signal 9)", "ended
  /// (exit status 3)".
  [[nodiscard]] std::string end();

 private:
  Process(pid_t pid, Descriptor life) : pid_(pid), life_(std::move(life)) {}

  pid_t pid_;  // 0 = it has been waited for
  Descriptor life_;
};

}  // namespace aion::runtime::worker
