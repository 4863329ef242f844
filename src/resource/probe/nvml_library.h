// What this program uses of NVIDIA's management library.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/result.h"
#include "resource/probe/shared_library.h"

/// The binary interface of libnvidia-ml.so.1, from the NVML API reference
/// (https://docs.nvidia.com/deploy/nvml-api/): names and layouts are NVIDIA's.
namespace aion::resource::nvml {

struct DeviceState;
using DeviceHandle = DeviceState*;
struct EventSetState;
using EventSet = EventSetState*;

enum Return : int {
  kSuccess = 0,
  kNotSupported = 3,
  kNoPermission = 4,
  kNotFound = 6,
  kDriverNotLoaded = 9,
  kTimeout = 10,
  kGpuIsLost = 15,
};

struct Memory {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
};

struct MemoryV2 {
  unsigned int version;  // kMemoryV2
  unsigned long long total;
  unsigned long long reserved;  // by driver and firmware
  unsigned long long free;
  unsigned long long used;
};
inline constexpr unsigned int kMemoryV2 = sizeof(MemoryV2) | (2U << 24U);

struct Utilization {
  unsigned int gpu;  // per cent
  unsigned int memory;
};

struct EventData {
  DeviceHandle device;
  unsigned long long type;
  unsigned long long data;  // of an XID event: its number
  unsigned int gpu_instance;
  unsigned int compute_instance;
};
inline constexpr unsigned long long kXidEvents = 8;
inline constexpr unsigned int kGpuTemperature = 0;
inline constexpr std::size_t kTextSize = 96;  // the largest that any text function needs

/// The functions, each null where the library lacks it; those that there must be are never null.
struct Functions {
  Return (*init)() = nullptr;  // there must be
  Return (*shutdown)() = nullptr;
  const char* (*error_string)(Return) = nullptr;
  Return (*driver_version)(char*, unsigned int) = nullptr;
  Return (*device_count)(unsigned int*) = nullptr;                   // there must be
  Return (*device_by_index)(unsigned int, DeviceHandle*) = nullptr;  // there must be
  Return (*name)(DeviceHandle, char*, unsigned int) = nullptr;
  Return (*uuid)(DeviceHandle, char*, unsigned int) = nullptr;
  Return (*memory)(DeviceHandle, Memory*) = nullptr;
  Return (*memory_v2)(DeviceHandle, MemoryV2*) = nullptr;
  Return (*utilization)(DeviceHandle, Utilization*) = nullptr;
  Return (*power_usage)(DeviceHandle, unsigned int*) = nullptr;   // milliwatts
  Return (*power_limit)(DeviceHandle, unsigned int*) = nullptr;   // milliwatts
  Return (*energy)(DeviceHandle, unsigned long long*) = nullptr;  // millijoules
  Return (*temperature)(DeviceHandle, unsigned int, unsigned int*) = nullptr;
  Return (*compute_capability)(DeviceHandle, int*, int*) = nullptr;
  Return (*mig_mode)(DeviceHandle, unsigned int*, unsigned int*) = nullptr;  // now, after a reset
  Return (*max_mig_devices)(DeviceHandle, unsigned int*) = nullptr;
  Return (*mig_device)(DeviceHandle, unsigned int, DeviceHandle*) = nullptr;
  Return (*event_set_create)(EventSet*) = nullptr;
  Return (*event_set_free)(EventSet) = nullptr;
  Return (*register_events)(DeviceHandle, unsigned long long, EventSet) = nullptr;
  Return (*wait_for_event)(EventSet, EventData*, unsigned int) = nullptr;  // milliseconds
};

/// The library, begun and, with this object, ended. Not movable.
class Library {
 public:
  /// NotFound when there is no library or no driver; Unavailable when the driver does not answer.
  [[nodiscard]] static Result<std::unique_ptr<Library>> open(const std::string& file);

  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  [[nodiscard]] const Functions& call() const { return functions_; }
  /// NVML's own words for a result.
  [[nodiscard]] std::string reason(Return result) const;

 private:
  explicit Library(SharedLibrary file);

  SharedLibrary file_;
  Functions functions_;
};

}  // namespace aion::resource::nvml
