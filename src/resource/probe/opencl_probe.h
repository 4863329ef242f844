// Finds OpenCL devices.
#pragma once

#include <string>

#include "resource/probe/probe.h"

namespace aion::resource {

/// All devices of all platforms, by the system's OpenCL loader, which is opened when it is
/// asked. Without a loader, or without platforms, there are none. A driver may take tens of MB and
/// hundreds of milliseconds: not a probe to have for nothing.
class OpenClProbe final : public Probe {
 public:
  /// `library`: another file than the system's, for tests
  explicit OpenClProbe(std::string library = "libOpenCL.so.1") : file_(std::move(library)) {}

  [[nodiscard]] std::string_view name() const override { return "opencl"; }
  [[nodiscard]] Result<std::vector<Device>> devices() override;
  /// OpenCL tells nothing of how a device is used.
  [[nodiscard]] Result<Usage> usage(DeviceId device) override;

 private:
  std::string file_;
  std::size_t count_ = 0;
};

}  // namespace aion::resource
