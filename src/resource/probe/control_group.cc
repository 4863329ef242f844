#include "resource/probe/control_group.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace aion::resource {

namespace {

constexpr std::size_t kMostText = 1U << 16U;

// Version 1 writes "no limit" as the largest number of pages.
constexpr std::uint64_t kNoLimit = 1ULL << 62U;

std::optional<std::string> text_of(const std::filesystem::path& file) {
  auto text = read_file(file, kMostText);
  return text ? std::optional(*std::move(text)) : std::nullopt;
}

std::optional<std::uint64_t> number_at_front(std::string_view text) {
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() ? std::optional(number) : std::nullopt;
}

std::optional<std::uint64_t> number_in(const std::filesystem::path& file) {
  const auto text = text_of(file);
  return text ? number_at_front(*text) : std::nullopt;
}

template <class T>
void lower(std::optional<T>& limit, const T& other) {
  limit = limit ? std::min(*limit, other) : other;
}

void lower_memory(GroupLimits& limits, const std::filesystem::path& file) {
  const auto bytes = number_in(file);
  if (bytes && *bytes < kNoLimit) {
    lower(limits.memory, Bytes{*bytes});
  }
}

void lower_cpus(GroupLimits& limits, double quota, double period) {
  if (period > 0) {
    lower(limits.cpus, quota / period);
  }
}

/// "200000 100000", or "max 100000".
void read_cpu_max(GroupLimits& limits, const std::filesystem::path& file) {
  const auto text = text_of(file);
  const auto quota = text ? number_at_front(*text) : std::nullopt;
  if (!quota) {
    return;
  }
  const std::size_t space = text->find(' ');
  const auto period = space == std::string::npos
                          ? std::nullopt
                          : number_at_front(std::string_view(*text).substr(space + 1));
  lower_cpus(limits, static_cast<double>(*quota), static_cast<double>(period.value_or(0)));
}

/// The group's folder and those above it, up to the root of the hierarchy. A group that is not to
/// be seen from here (a container's) counts as the root.
std::vector<std::filesystem::path> folders_up(const std::filesystem::path& root,
                                              std::string_view group) {
  std::vector<std::filesystem::path> folders;
  std::filesystem::path below = std::filesystem::path(group).relative_path().lexically_normal();
  std::error_code unreadable;
  while (!below.empty() && below != "." && *below.begin() != "..") {
    if (std::filesystem::is_directory(root / below, unreadable)) {
      folders.push_back(root / below);
    }
    below = below.parent_path();
  }
  folders.push_back(root);
  return folders;
}

/// One line of /proc/self/cgroup: "4:cpu,cpuacct:/group" or "0::/group".
void read_line(GroupLimits& limits, const SystemFolders& folders, std::string_view line) {
  const std::size_t first = line.find(':');
  const std::size_t second = first == line.npos ? line.npos : line.find(':', first + 1);
  if (second == line.npos) {
    return;
  }
  const std::string_view controllers = line.substr(first + 1, second - first - 1);
  const std::string_view group = line.substr(second + 1);
  const auto has = [&](std::string_view name) {
    return ("," + std::string(controllers) + ",").find("," + std::string(name) + ",") !=
           std::string::npos;
  };
  if (controllers.empty()) {
    for (const auto& folder : folders_up(folders.cgroup, group)) {
      read_cpu_max(limits, folder / "cpu.max");
      lower_memory(limits, folder / "memory.max");
    }
    return;
  }
  for (const auto& folder : folders_up(folders.cgroup / std::string(controllers), group)) {
    if (has("memory")) {
      lower_memory(limits, folder / "memory.limit_in_bytes");
    }
    // A quota of -1 is none, and no number here.
    const auto quota = has("cpu") ? number_in(folder / "cpu.cfs_quota_us") : std::nullopt;
    if (quota) {
      lower_cpus(limits,
                 static_cast<double>(*quota),
                 static_cast<double>(number_in(folder / "cpu.cfs_period_us").value_or(0)));
    }
  }
}

}  // namespace

GroupLimits read_group_limits(const SystemFolders& folders) {
  GroupLimits limits;
  const std::string groups = text_of(folders.proc / "self" / "cgroup").value_or("");
  std::string_view rest = groups;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    read_line(limits, folders, rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return limits;
}

}  // namespace aion::resource
