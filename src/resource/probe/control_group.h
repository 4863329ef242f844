// What the control group of this process allows it.
#pragma once

#include <filesystem>
#include <optional>

#include "base/bytes.h"

namespace aion::resource {

/// Where the kernel shows itself; other folders in tests.
struct SystemFolders {
  std::filesystem::path proc = "/proc";
  std::filesystem::path cgroup = "/sys/fs/cgroup";
};

struct GroupLimits {
  std::optional<double> cpus;  // how many may be busy at once
  std::optional<Bytes> memory;
};

/// The least of the limits of this process's group and of those above it, in version 2 or 1 of
/// control groups. What cannot be read is no limit.
[[nodiscard]] GroupLimits read_group_limits(const SystemFolders& folders);

}  // namespace aion::resource
