// What a supervisor is to start, as it stands in its folder.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sched.h>

namespace aion::supervisor {

inline constexpr int kMostGroups = 16;

/// Strings belong to the spec's own memory, which is never given back.
struct Spec {
  char** arguments = nullptr;    // ends with a null
  char** environment = nullptr;  // the same
  const char* folder = "/";
  int stop_signal = 15;
  std::int64_t grace_ms = 10'000;
  std::int64_t time_limit_ms = 0;  // 0 = none
  std::uint64_t log_limit = 64ULL << 20U;
  int nice = 0;
  bool has_cpus = false;
  cpu_set_t cpus;
  std::uint64_t most_processes = 0;  // 0 = not limited
  const char* groups[kMostGroups] = {};
  int group_count = 0;
  const char* freezer = nullptr;
  const char* kill = nullptr;
  const char* members = nullptr;
};

/// Reads "spec" of the present folder; null, or what is wrong with it.
[[nodiscard]] const char* read_spec(Spec& spec);

}  // namespace aion::supervisor
