// The kernel's limits on a tree of processes: control groups of version 2, of version 1, or none.
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

namespace aion::runtime {

/// How much of a limit is held by the kernel.
enum class Enforcement : std::uint8_t {
  GroupsV2,
  GroupsV1,
  Limits,  // processors, niceness and counts alone: no limit of memory, no share of cores
};
[[nodiscard]] std::string_view name_of(Enforcement level);

struct GroupLimits {
  double cores = 0;                  // 0 = none
  std::vector<std::uint32_t> cpus;   // pinned; then they are its cores
  Bytes memory{};                    // 0 = none
  std::uint32_t most_processes = 0;  // 0 = none
};

struct GroupUsage {
  std::chrono::nanoseconds cpu{0};
  Bytes memory{};
  Bytes peak_memory{};
  std::uint64_t out_of_memory_kills = 0;
  std::uint32_t processes = 0;
};

/// One group, by its folder for each controller. A value: the group itself is made and removed by
/// calls. Empty where there are no groups.
class ControlGroup {
 public:
  ControlGroup() = default;
  ControlGroup(Enforcement level, std::map<std::string, std::filesystem::path> folders);

  /// What a process writes 0 into to join.
  [[nodiscard]] std::vector<std::filesystem::path> doors() const;
  [[nodiscard]] std::optional<std::filesystem::path> freezer() const;
  [[nodiscard]] std::optional<std::filesystem::path> killer() const;   // version 2
  [[nodiscard]] std::optional<std::filesystem::path> members() const;  // lists who is in it
  [[nodiscard]] bool is_there() const;
  [[nodiscard]] GroupUsage usage() const;

  /// fails   FailedPrecondition with the file that did not take its value
  [[nodiscard]] Result<void> limit(const GroupLimits& limits) const;
  /// Kills all that is in it, and removes it; tried again for as long as the kernel is busy with
  /// it, a second at most. What is not there is removed.
  [[nodiscard]] Result<void> remove() const;

 private:
  [[nodiscard]] std::filesystem::path folder_of(const std::string& controller) const;
  void kill_all() const;

  Enforcement level_ = Enforcement::Limits;
  std::map<std::string, std::filesystem::path> folders_;  // by controller; version 2: all the same
};

/// Where this process may make groups.
class ControlGroups {
 public:
  /// What the system says of itself; tests bring their own.
  struct Sources {
    std::filesystem::path mounts = "/proc/self/mountinfo";
    std::filesystem::path own = "/proc/self/cgroup";
    std::string folder = "aion";  // below this process's own group
  };
  /// Looks for the best level, makes the folder, and removes nothing. Never fails: what is not to
  /// be had is said by why().
  [[nodiscard]] static ControlGroups detect(const Sources& sources);
  /// Without groups, as where there are none.
  [[nodiscard]] static ControlGroups none();

  [[nodiscard]] Enforcement level() const { return level_; }
  /// Why it is no better one; empty for the best.
  [[nodiscard]] const std::string& why() const { return why_; }

  /// The group of that name; its name is no path.
  [[nodiscard]] ControlGroup find(const std::string& name) const;
  [[nodiscard]] Result<ControlGroup> make(const std::string& name, const GroupLimits& limits) const;
  /// Removes the folder that detect() has made, if nothing is in it.
  void remove_base() const;
  /// Names of the groups that there are.
  [[nodiscard]] std::vector<std::string> list() const;

 private:
  Enforcement level_ = Enforcement::Limits;
  std::map<std::string, std::filesystem::path> bases_;  // by controller
  std::string why_;
};

}  // namespace aion::runtime
