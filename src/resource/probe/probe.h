// One way to find devices: the port of drivers and of the system.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "resource/probe/device.h"

namespace aion::resource {

/// Not thread-safe. Calls may block for as long as a driver takes.
class Probe {
 public:
  virtual ~Probe() = default;

  /// "cpu", "nvml"
  [[nodiscard]] virtual std::string_view name() const = 0;

  /// What there is now, by id. A machine without such devices is no error: then the list is empty.
  [[nodiscard]] virtual Result<std::vector<Device>> devices() = 0;

  /// How one of the devices last found is used. NotFound for another one; Unavailable when it does
  /// not answer any more.
  [[nodiscard]] virtual Result<Usage> usage(DeviceId device) = 0;
};

}  // namespace aion::resource
