// Finds the CPUs and the memory of this machine.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "resource/probe/control_group.h"
#include "resource/probe/probe.h"

namespace aion::resource {

/// One device for each socket that has memory of its own, else one for all: sockets that share
/// their memory, as virtual machines show them, cannot be told apart by what a claim wants. Sees
/// what this process is allowed: its CPU set, and the quota and memory limit of its control group.
///
/// Topology by hwloc, https://www.open-mpi.org/projects/hwloc/; use from /proc/stat and
/// /proc/meminfo.
class CpuProbe final : public Probe {
 public:
  struct Options {
    std::string synthetic;  // a made-up topology in hwloc's words, for tests; empty = this machine
    SystemFolders folders;
  };
  explicit CpuProbe(Options options) : options_(std::move(options)) {}

  [[nodiscard]] std::string_view name() const override { return "cpu"; }
  [[nodiscard]] Result<std::vector<Device>> devices() override;
  [[nodiscard]] Result<Usage> usage(DeviceId device) override;

 private:
  struct Ticks {
    std::uint64_t busy = 0;
    std::uint64_t all = 0;
  };
  [[nodiscard]] Result<Ticks> ticks_of(const Device& device) const;
  [[nodiscard]] Result<Bytes> memory_in_use() const;

  Options options_;
  std::vector<Device> found_;
  std::map<DeviceId, Ticks> last_;  // at the last look
};

}  // namespace aion::resource
