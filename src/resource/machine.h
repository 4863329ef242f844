// All devices of this machine, whoever found them.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "resource/probe/pressure.h"
#include "resource/probe/probe.h"

namespace aion::resource {

/// Which probes look for devices.
struct MachineConfig {
  bool has_opencl = false;             // a driver costs tens of MB
  std::vector<std::string> simulated;  // see parse_simulated
};

/// Asks the probes. What one of them cannot tell never hides what the others found.
///
/// Thread safety: all methods may be called from any thread; they may block for as long as a driver
/// takes.
class Machine {
 public:
  /// InvalidArgument when a simulated device is not described as it must be.
  [[nodiscard]] static Result<std::unique_ptr<Machine>> probe(const MachineConfig& config);

  explicit Machine(std::vector<std::unique_ptr<Probe>> probes);

  /// What was found, by probe and id.
  [[nodiscard]] const std::vector<Device>& devices() const { return devices_; }
  /// Why a probe could not look: "nvml: ...".
  [[nodiscard]] const std::vector<std::string>& troubles() const { return troubles_; }

  /// How a device is used; what was asked within half a second is not asked again, so that shares
  /// of time mean something. NotFound for a device that is not one of them; Unavailable when it
  /// does not answer.
  [[nodiscard]] Result<Usage> usage(DeviceId device, TimePoint now);

 private:
  struct Look {
    std::size_t probe = 0;  // which one knows the device
    Result<Usage> usage = Usage{};
    TimePoint next{};  // when to ask again
  };
  std::mutex mutex_;  // guards the probes and the looks
  std::vector<std::unique_ptr<Probe>> probes_;
  std::map<DeviceId, Look> looks_;
  std::vector<Device> devices_;
  std::vector<std::string> troubles_;
};

}  // namespace aion::resource
