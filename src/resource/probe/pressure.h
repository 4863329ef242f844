// Whether something on this machine waits for what it lacks.
#pragma once

#include <filesystem>
#include <optional>

#include "base/result.h"

namespace aion::resource {

/// Shares of the time in [0, 1] in which at least one task (`some`), or all that were not idle
/// (`full`), waited; over the last 10 and 60 seconds.
struct Pressure {
  double some_10s = 0;
  double some_60s = 0;
  double full_10s = 0;
  double full_60s = 0;
};

struct Pressures {
  std::optional<Pressure> cpu;  // nothing where the kernel does not tell
  std::optional<Pressure> memory;
  std::optional<Pressure> io;
};

/// Pressure stall information, https://docs.kernel.org/accounting/psi.html. `folder`: another than
/// the kernel's, for tests.
[[nodiscard]] Pressures read_pressures(const std::filesystem::path& folder = "/proc/pressure");

}  // namespace aion::resource
