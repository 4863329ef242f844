// The CPUs of this machine as hwloc draws them.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "resource/probe/device.h"

namespace aion::resource {

/// The sockets as devices, without the limits of a control group. `synthetic`: a made-up topology
/// in hwloc's words; empty = this machine. Internal when hwloc cannot tell.
[[nodiscard]] Result<std::vector<Device>> read_cpu_topology(const std::string& synthetic);

}  // namespace aion::resource
