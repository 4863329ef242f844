#include "resource/probe/cpu_probe.h"

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include "base/file.h"
#include "resource/probe/cpu_topology.h"

namespace aion::resource {

namespace {

constexpr std::size_t kMostStat = 16U << 20U;  // a line for each CPU, and one for the interrupts

/// A quota below a hundredth of a core is taken for that: nothing can run on none.
constexpr double kLeastCores = 0.01;

std::string rounded(double number) {
  std::ostringstream text;
  text.precision(3);
  text << number;
  return text.str();
}

/// Control groups know no sockets: each device may use what all may use together.
void limit(Device& device, const GroupLimits& limits) {
  if (limits.cpus && *limits.cpus < device.cores) {
    device.cores = std::max(kLeastCores, *limits.cpus);
    device.facts.push_back({"cores of the control group", rounded(device.cores)});
  }
  if (limits.memory && *limits.memory < device.memory) {
    device.memory = *limits.memory;
    device.facts.push_back({"memory of the control group", to_string(device.memory)});
  }
}

}  // namespace

Result<std::vector<Device>> CpuProbe::devices() {
  AION_TRY(found_, read_cpu_topology(options_.synthetic));
  const GroupLimits limits = read_group_limits(options_.folders);
  for (Device& device : found_) {
    limit(device, limits);
  }
  return found_;
}

/// Time that the device's CPUs have been busy, of all their time since the machine started.
Result<CpuProbe::Ticks> CpuProbe::ticks_of(const Device& device) const {
  AION_TRY(const std::string text, read_file(options_.folders.proc / "stat", kMostStat));
  std::set<std::string> names;
  for (const Cpu& cpu : device.cpus) {
    names.insert("cpu" + std::to_string(cpu.number));
  }
  std::istringstream lines(text);
  std::string line;
  Ticks ticks;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    if (!names.contains(name)) {
      continue;
    }
    // user nice system idle iowait irq softirq steal; what follows is counted in user already.
    std::uint64_t value = 0;
    for (int column = 0; column < 8 && words >> value; ++column) {
      ticks.all += value;
      ticks.busy += column == 3 || column == 4 ? 0 : value;
    }
  }
  return ticks;
}

Result<Bytes> CpuProbe::memory_in_use() const {
  AION_TRY(const std::string text, read_file(options_.folders.proc / "meminfo", kMostStat));
  std::istringstream words(text);
  std::uint64_t total = 0;
  std::uint64_t available = 0;
  for (std::string word; words >> word;) {
    if (word == "MemTotal:") {
      words >> total;
    } else if (word == "MemAvailable:") {
      words >> available;
    }
  }
  constexpr std::uint64_t kKibi = 1024;
  return Bytes{(total - std::min(total, available)) * kKibi};
}

Result<Usage> CpuProbe::usage(DeviceId device) {
  const auto found = std::ranges::find(found_, device, &Device::id);
  if (found == found_.end()) {
    return Error{Code::NotFound, "no device '" + to_string(device) + "'"};
  }
  AION_TRY(const Ticks now, ticks_of(*found));
  const Ticks before = std::exchange(last_[device], now);
  Usage usage;
  if (now.all > before.all && now.busy >= before.busy) {
    usage.busy =
        static_cast<double>(now.busy - before.busy) / static_cast<double>(now.all - before.all);
  }
  if (found_.size() == 1) {  // the kernel tells it for the whole machine
    AION_TRY(usage.memory, memory_in_use());
  }
  return usage;
}

}  // namespace aion::resource
