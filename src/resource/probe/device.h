// What a machine is made of, as its probes see it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "resource/lease/lease.h"

namespace aion::resource {

/// For people: {"driver", "535.104.05"}.
struct Fact {
  std::string name;
  std::string value;
};

/// One hardware thread that this process may use.
struct Cpu {
  std::uint32_t number = 0;  // as the kernel counts
  std::uint32_t core = 0;    // threads of one core share it
  std::uint32_t node = 0;    // NUMA node
};

struct Device {
  DeviceId id;
  std::string name;       // of the product
  std::string uuid;       // empty = it has none
  std::string parent;     // a MIG instance: the UUID of its GPU
  double cores = 0;       // CPUs: how many may be busy at once; accelerators: 1, the whole of it
  Bytes memory;           // its own; of what a control group allows, where that is less
  std::vector<Cpu> cpus;  // of a CPU alone: neighbours in the list are close to each other
  std::vector<Fact> facts;
};

/// How a device is used at the moment; nothing where nobody can tell.
struct Usage {
  std::optional<double> busy;  // share in [0, 1] since the last look
  std::optional<Bytes> memory;
  std::optional<double> watts;
  std::optional<double> watts_at_most;
  std::optional<double> joules;  // since the driver was loaded
  std::optional<double> celsius;
  std::vector<std::string> faults;  // what the device has reported since the probe was made
};

}  // namespace aion::resource
