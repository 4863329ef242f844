#include "runtime/process/control_group.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <csignal>
#include <cstring>
#include <ctime>
#include <set>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

namespace aion::runtime {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMostText = 1U << 20U;
constexpr std::int64_t kPeriodUs = 100'000;  // of the processor quota, the kernel's own default
constexpr std::array<std::string_view, 3> kNames{"cgroup v2", "cgroup v1", "limits"};
constexpr std::array<const char*, 5> kControllers1{"cpu", "cpuset", "memory", "pids", "freezer"};

Result<void> write(const fs::path& file, const std::string& value) {
  const int opened = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  const auto size = static_cast<ssize_t>(value.size());
  const bool is_written = opened >= 0 && ::write(opened, value.data(), value.size()) == size;
  const int why = errno;
  if (opened >= 0) {
    ::close(opened);
  }
  if (!is_written) {
    return Error{Code::FailedPrecondition,
                 "cannot write '" + value + "' to '" + file.string() + "': " + std::strerror(why)};
  }
  return {};
}

std::string read(const fs::path& file) {
  auto text = read_file(file, kMostText);
  return text ? *std::move(text) : std::string();
}

std::uint64_t number_in(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// The number behind "key " in lines of such.
std::uint64_t number_of(const std::string& lines, std::string_view key) {
  std::istringstream in(lines);
  std::string word;
  std::string value;
  while (in >> word >> value) {
    if (word == key) {
      return number_in(value);
    }
  }
  return 0;
}

std::string list_of(const std::vector<std::uint32_t>& cpus) {
  std::string text;
  for (const std::uint32_t cpu : cpus) {
    text += (text.empty() ? "" : ",") + std::to_string(cpu);
  }
  return text;
}

bool make_folder(const fs::path& folder) {
  return ::mkdir(folder.c_str(), 0755) == 0 || errno == EEXIST;
}

/// Where a file system of control groups is mounted, and this process's group in it.
struct Mount {
  fs::path point;
  std::string root;     // of the group tree that is mounted there
  std::string options;  // "rw,cpu"
  bool is_v2 = false;
};

/// proc(5): ID parent major:minor ROOT POINT options ... - TYPE source SUPER-OPTIONS
std::vector<Mount> mounts_in(const fs::path& file) {
  std::vector<Mount> mounts;
  std::istringstream lines(read(file));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream in(line);
    std::string skip;
    Mount mount;
    std::string point;
    in >> skip >> skip >> skip >> mount.root >> point;
    while (in >> skip && skip != "-") {}
    std::string type;
    in >> type >> skip >> mount.options;
    if (type == "cgroup" || type == "cgroup2") {
      mount.point = point;
      mount.is_v2 = type == "cgroup2";
      mounts.push_back(std::move(mount));
    }
  }
  return mounts;
}

bool has_word(const std::string& list, std::string_view word, char separator) {
  std::istringstream in(list);
  for (std::string one; std::getline(in, one, separator);) {
    if (one == word) {
      return true;
    }
  }
  return false;
}

/// cgroups(7): "N:controllers:/path"; version 2 is "0::/path".
std::string own_group(const fs::path& file, std::string_view controller) {
  std::istringstream lines(read(file));
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (second == std::string::npos) {
      continue;
    }
    const std::string names = line.substr(first + 1, second - first - 1);
    if (controller.empty() ? names.empty() : has_word(names, controller, ',')) {
      return line.substr(second + 1);
    }
  }
  return "/";
}

/// This process's own folder under a mount; the mount itself where a container does not show it.
fs::path own_folder(const Mount& mount, std::string group) {
  if (mount.root != "/" && group.starts_with(mount.root)) {
    group = group.substr(mount.root.size());
  }
  const fs::path folder = mount.point / fs::path(group).relative_path();
  std::error_code unreadable;
  return fs::is_directory(folder, unreadable) ? folder : mount.point;
}

/// Switches the controllers on for the groups below. Where processes stand in the group itself,
/// this one among them, it moves to a leaf first: version 2 has no limits beside processes.
bool delegate(const fs::path& own) {
  const auto enable = [&](const fs::path& folder) {
    bool is_on = true;
    for (const char* const controller : {"+cpu", "+memory", "+pids"}) {
      is_on = write(folder / "cgroup.subtree_control", controller).has_value() && is_on;
    }
    [[maybe_unused]] const auto optional = write(folder / "cgroup.subtree_control", "+cpuset");
    return is_on;
  };
  if (enable(own)) {
    return true;
  }
  const fs::path leaf = own / "aion-daemon";
  return make_folder(leaf) && write(leaf / "cgroup.procs", "0") && enable(own);
}

std::optional<fs::path> base_v2(const std::vector<Mount>& mounts,
                                const ControlGroups::Sources& sources,
                                std::string& why) {
  const auto mount = std::ranges::find_if(mounts, [](const Mount& one) { return one.is_v2; });
  if (mount == mounts.end()) {
    why = "no control groups of version 2 are mounted";
    return std::nullopt;
  }
  const fs::path own = own_folder(*mount, own_group(sources.own, ""));
  std::istringstream words(read(own / "cgroup.controllers"));
  std::set<std::string, std::less<>> controllers;
  for (std::string word; words >> word;) {
    controllers.insert(word);
  }
  for (const char* const wanted : {"cpu", "memory", "pids"}) {
    if (!controllers.contains(wanted)) {
      why = std::string("version 2 has no controller '") + wanted + "' for this process";
      return std::nullopt;
    }
  }
  const fs::path base = own / sources.folder;
  if (!delegate(own) || !make_folder(base) || !delegate(base)) {
    why = "'" + own.string() + "' may not be divided by this process";
    return std::nullopt;
  }
  return base;
}

/// In version 1 a group has no processors until it is told some.
bool copy_cpuset(const fs::path& from, const fs::path& to) {
  for (const char* const name : {"cpuset.cpus", "cpuset.mems"}) {
    std::string value = read(from / name);
    value = value.substr(0, value.find('\n'));
    if (!write(to / name, value)) {
      return false;
    }
  }
  return true;
}

std::map<std::string, fs::path> bases_v1(const std::vector<Mount>& mounts,
                                         const ControlGroups::Sources& sources,
                                         std::string& why) {
  std::map<std::string, fs::path> bases;
  for (const char* const controller : kControllers1) {
    const auto mount = std::ranges::find_if(mounts, [&](const Mount& one) {
      return !one.is_v2 && has_word(one.options, controller, ',');
    });
    if (mount == mounts.end()) {
      why += std::string("; version 1 has no controller '") + controller + "'";
      return {};
    }
    const fs::path own = own_folder(*mount, own_group(sources.own, controller));
    const fs::path base = own / sources.folder;
    const bool is_made = make_folder(base);
    if (!is_made || (std::string_view(controller) == "cpuset" && !copy_cpuset(own, base))) {
      why += "; '" + own.string() + "' may not be divided by this process";
      return {};
    }
    bases[controller] = base;
  }
  const auto account = std::ranges::find_if(
      mounts, [](const Mount& one) { return !one.is_v2 && has_word(one.options, "cpuacct", ','); });
  if (account != mounts.end()) {
    const fs::path base = own_folder(*account, own_group(sources.own, "cpuacct")) / sources.folder;
    if (make_folder(base)) {
      bases["cpuacct"] = base;
    }
  }
  return bases;
}

}  // namespace

std::string_view name_of(Enforcement level) {
  return kNames[static_cast<std::size_t>(level)];
}

ControlGroup::ControlGroup(Enforcement level, std::map<std::string, fs::path> folders)
    : level_(level), folders_(std::move(folders)) {}

fs::path ControlGroup::folder_of(const std::string& controller) const {
  const auto found = folders_.find(level_ == Enforcement::GroupsV2 ? "" : controller);
  return found == folders_.end() ? fs::path() : found->second;
}

std::vector<fs::path> ControlGroup::doors() const {
  std::set<fs::path> folders;  // controllers may be mounted together
  for (const auto& [controller, folder] : folders_) {
    folders.insert(folder / "cgroup.procs");
  }
  return {folders.begin(), folders.end()};
}

std::optional<fs::path> ControlGroup::freezer() const {
  if (folders_.empty()) {
    return std::nullopt;
  }
  return folder_of("freezer") /
         (level_ == Enforcement::GroupsV2 ? "cgroup.freeze" : "freezer.state");
}

std::optional<fs::path> ControlGroup::killer() const {
  return level_ == Enforcement::GroupsV2 ? std::optional(folder_of("") / "cgroup.kill")
                                         : std::nullopt;
}

std::optional<fs::path> ControlGroup::members() const {
  return folders_.empty() ? std::nullopt : std::optional(folder_of("pids") / "cgroup.procs");
}

bool ControlGroup::is_there() const {
  std::error_code unreadable;
  return !folders_.empty() && fs::is_directory(folder_of("pids"), unreadable);
}

GroupUsage ControlGroup::usage() const {
  GroupUsage usage;
  if (folders_.empty()) {
    return usage;
  }
  if (level_ == Enforcement::GroupsV2) {
    const fs::path folder = folder_of("");
    usage.cpu = std::chrono::microseconds(number_of(read(folder / "cpu.stat"), "usage_usec"));
    usage.memory.count = number_in(read(folder / "memory.current"));
    usage.peak_memory.count = number_in(read(folder / "memory.peak"));
    usage.out_of_memory_kills = number_of(read(folder / "memory.events"), "oom_kill");
    usage.processes = static_cast<std::uint32_t>(number_in(read(folder / "pids.current")));
    return usage;
  }
  usage.cpu = std::chrono::nanoseconds(number_in(read(folder_of("cpuacct") / "cpuacct.usage")));
  usage.memory.count = number_in(read(folder_of("memory") / "memory.usage_in_bytes"));
  usage.peak_memory.count = number_in(read(folder_of("memory") / "memory.max_usage_in_bytes"));
  usage.out_of_memory_kills =
      number_of(read(folder_of("memory") / "memory.oom_control"), "oom_kill");
  usage.processes = static_cast<std::uint32_t>(number_in(read(folder_of("pids") / "pids.current")));
  return usage;
}

Result<void> ControlGroup::limit(const GroupLimits& limits) const {
  if (folders_.empty()) {
    return {};
  }
  const bool is_v2 = level_ == Enforcement::GroupsV2;
  const auto set = [&](const char* controller, const char* name, const std::string& value) {
    return write(folder_of(controller) / name, value);
  };
  if (!limits.cpus.empty()) {
    AION_TRY_VOID(set("cpuset", "cpuset.cpus", list_of(limits.cpus)));
  } else if (limits.cores > 0) {
    const auto quota = std::max<std::int64_t>(1'000, std::llround(limits.cores * kPeriodUs));
    AION_TRY_VOID(
        is_v2 ? set("cpu", "cpu.max", std::to_string(quota) + " " + std::to_string(kPeriodUs))
              : set("cpu", "cpu.cfs_quota_us", std::to_string(quota)));
  }
  if (limits.cores > 0) {
    const double weight = limits.cores * (is_v2 ? 100 : 1024);
    const auto whole = std::clamp<std::int64_t>(std::llround(weight), 2, 10'000);
    AION_TRY_VOID(set("cpu", is_v2 ? "cpu.weight" : "cpu.shares", std::to_string(whole)));
  }
  if (limits.memory.count > 0) {
    const std::string bytes = std::to_string(limits.memory.count);
    AION_TRY_VOID(set("memory", is_v2 ? "memory.max" : "memory.limit_in_bytes", bytes));
    // Not everywhere: without swap accounting there is nothing to limit.
    [[maybe_unused]] const auto swap = is_v2 ? set("memory", "memory.swap.max", "0")
                                             : set("memory", "memory.memsw.limit_in_bytes", bytes);
    if (is_v2) {  // the whole job goes, not one process of it
      [[maybe_unused]] const auto together = set("memory", "memory.oom.group", "1");
    }
  }
  if (limits.most_processes > 0) {
    AION_TRY_VOID(set("pids", "pids.max", std::to_string(limits.most_processes)));
  }
  return {};
}

void ControlGroup::kill_all() const {
  if (const auto kill = killer(); kill && write(*kill, "1")) {
    return;
  }
  const fs::path freezing = *freezer();
  const bool is_v2 = level_ == Enforcement::GroupsV2;
  [[maybe_unused]] const auto frozen = write(freezing, is_v2 ? "1" : "FROZEN");
  std::istringstream in(read(*members()));
  for (long process = 0; in >> process;) {
    if (process > 1 && process != ::getpid()) {
      ::kill(static_cast<pid_t>(process), SIGKILL);
    }
  }
  [[maybe_unused]] const auto thawed = write(freezing, is_v2 ? "0" : "THAWED");
}

Result<void> ControlGroup::remove() const {
  constexpr int kTries = 200;
  constexpr timespec kPause{0, 5'000'000};
  std::set<fs::path> left;
  for (const auto& [controller, folder] : folders_) {
    left.insert(folder);
  }
  for (int i = 0; i < kTries && !left.empty(); ++i) {
    std::erase_if(left, [](const fs::path& folder) {
      return ::rmdir(folder.c_str()) == 0 || errno == ENOENT;
    });
    if (!left.empty()) {
      kill_all();
      ::nanosleep(&kPause, nullptr);
    }
  }
  return left.empty() ? Result<void>()
                      : Error{Code::FailedPrecondition,
                              "control group '" + left.begin()->string() + "' cannot be removed"};
}

ControlGroups ControlGroups::none() {
  return {};
}

ControlGroups ControlGroups::detect(const Sources& sources) {
  ControlGroups groups;
  const auto mounts = mounts_in(sources.mounts);
  if (const auto base = base_v2(mounts, sources, groups.why_)) {
    groups.level_ = Enforcement::GroupsV2;
    groups.bases_[""] = *base;
    return groups;
  }
  groups.bases_ = bases_v1(mounts, sources, groups.why_);
  if (!groups.bases_.empty()) {
    groups.level_ = Enforcement::GroupsV1;
  }
  return groups;
}

ControlGroup ControlGroups::find(const std::string& name) const {
  std::map<std::string, fs::path> folders;
  for (const auto& [controller, base] : bases_) {
    folders[controller] = base / name;
  }
  return {level_, std::move(folders)};
}

Result<ControlGroup> ControlGroups::make(const std::string& name, const GroupLimits& limits) const {
  const ControlGroup group = find(name);
  for (const auto& [controller, base] : bases_) {
    const fs::path folder = base / name;
    const bool is_made = make_folder(folder);
    const int why = errno;
    if (!is_made || (controller == "cpuset" && !copy_cpuset(base, folder))) {
      [[maybe_unused]] const auto removed = group.remove();
      return Error{Code::Unavailable,
                   "cannot make control group '" + folder.string() + "': " + std::strerror(why)};
    }
  }
  if (const auto limited = group.limit(limits); !limited) {
    [[maybe_unused]] const auto removed = group.remove();
    return limited.error();
  }
  return group;
}

void ControlGroups::remove_base() const {
  for (const auto& [controller, base] : bases_) {
    ::rmdir(base.c_str());
  }
}

std::vector<std::string> ControlGroups::list() const {
  std::vector<std::string> names;
  if (bases_.empty()) {
    return names;
  }
  const auto base = bases_.contains("pids") ? bases_.at("pids") : bases_.begin()->second;
  std::error_code failed;
  for (fs::directory_iterator entry(base, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    if (entry->is_directory(failed)) {
      names.push_back(entry->path().filename().string());
    }
  }
  return names;
}

}  // namespace aion::runtime
