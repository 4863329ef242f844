// Finds NVIDIA's GPUs.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "resource/probe/nvml_library.h"
#include "resource/probe/probe.h"

namespace aion::resource {

/// GPUs by NVML, opened when it is first asked. Without the library, or without a driver, there are
/// none. A GPU in MIG mode is not listed itself: its instances are, each a device of its own.
class NvmlProbe final : public Probe {
 public:
  /// `library`: another file than the system's, for tests
  explicit NvmlProbe(std::string library = "libnvidia-ml.so.1") : file_(std::move(library)) {}
  ~NvmlProbe() override;

  [[nodiscard]] std::string_view name() const override { return "nvml"; }
  [[nodiscard]] Result<std::vector<Device>> devices() override;
  [[nodiscard]] Result<Usage> usage(DeviceId device) override;

 private:
  struct Known {
    nvml::DeviceHandle handle = nullptr;
    nvml::DeviceHandle gpu = nullptr;  // itself, or the one that a MIG instance is a part of
  };
  [[nodiscard]] Result<void> add_gpu(unsigned int index, std::vector<Device>& devices);
  [[nodiscard]] bool add_instances(const Known& gpu,
                                   const Device& whole,
                                   std::vector<Device>& devices);
  void add(const Known& known, Device device, std::vector<Device>& devices);
  [[nodiscard]] Device describe(nvml::DeviceHandle handle) const;
  void watch(nvml::DeviceHandle gpu);
  void read_events();

  std::string file_;
  std::unique_ptr<nvml::Library> library_;
  std::map<DeviceId, Known> known_;
  nvml::EventSet events_ = nullptr;  // null = the driver tells no events
  std::map<nvml::DeviceHandle, std::vector<std::string>> faults_;  // by GPU
};

}  // namespace aion::resource
