#include "resource/probe/nvml_library.h"

#include <initializer_list>
#include <utility>

namespace aion::resource::nvml {

namespace {

/// The first of the names that the library has: newer versions of a function come first.
template <class Function>
void find(const SharedLibrary& file, Function& function, std::initializer_list<const char*> names) {
  for (const char* const name : names) {
    function = file.find<Function>(name);
    if (function != nullptr) {
      return;
    }
  }
}

Functions functions_of(const SharedLibrary& file) {
  Functions all;
  find(file, all.init, {"nvmlInit_v2", "nvmlInit"});
  find(file, all.shutdown, {"nvmlShutdown"});
  find(file, all.error_string, {"nvmlErrorString"});
  find(file, all.driver_version, {"nvmlSystemGetDriverVersion"});
  find(file, all.device_count, {"nvmlDeviceGetCount_v2", "nvmlDeviceGetCount"});
  find(file, all.device_by_index, {"nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex"});
  find(file, all.name, {"nvmlDeviceGetName"});
  find(file, all.uuid, {"nvmlDeviceGetUUID"});
  find(file, all.memory, {"nvmlDeviceGetMemoryInfo"});
  find(file, all.memory_v2, {"nvmlDeviceGetMemoryInfo_v2"});
  find(file, all.utilization, {"nvmlDeviceGetUtilizationRates"});
  find(file, all.power_usage, {"nvmlDeviceGetPowerUsage"});
  find(file, all.power_limit, {"nvmlDeviceGetEnforcedPowerLimit"});
  find(file, all.energy, {"nvmlDeviceGetTotalEnergyConsumption"});
  find(file, all.temperature, {"nvmlDeviceGetTemperature"});
  find(file, all.compute_capability, {"nvmlDeviceGetCudaComputeCapability"});
  find(file, all.mig_mode, {"nvmlDeviceGetMigMode"});
  find(file, all.max_mig_devices, {"nvmlDeviceGetMaxMigDeviceCount"});
  find(file, all.mig_device, {"nvmlDeviceGetMigDeviceHandleByIndex"});
  find(file, all.event_set_create, {"nvmlEventSetCreate"});
  find(file, all.event_set_free, {"nvmlEventSetFree"});
  find(file, all.register_events, {"nvmlDeviceRegisterEvents"});
  find(file, all.wait_for_event, {"nvmlEventSetWait_v2", "nvmlEventSetWait"});
  return all;
}

}  // namespace

Library::Library(SharedLibrary file) : file_(std::move(file)), functions_(functions_of(file_)) {}

Result<std::unique_ptr<Library>> Library::open(const std::string& file) {
  AION_TRY(SharedLibrary opened, SharedLibrary::open(file));
  std::unique_ptr<Library> library(new Library(std::move(opened)));
  Functions& functions = library->functions_;
  if (functions.init == nullptr || functions.device_count == nullptr ||
      functions.device_by_index == nullptr) {
    functions.shutdown = nullptr;  // nothing has been begun
    return Error{Code::Unavailable,
                 file + " lacks nvmlInit, nvmlDeviceGetCount or nvmlDeviceGetHandleByIndex"};
  }
  if (const Return begun = functions.init(); begun != kSuccess) {
    functions.shutdown = nullptr;
    return Error{begun == kDriverNotLoaded ? Code::NotFound : Code::Unavailable,
                 "NVML does not begin: " + library->reason(begun)};
  }
  return library;
}

Library::~Library() {
  if (functions_.shutdown != nullptr) {
    functions_.shutdown();
  }
}

std::string Library::reason(Return result) const {
  const char* const text =
      functions_.error_string != nullptr ? functions_.error_string(result) : nullptr;
  return text != nullptr ? text : "error " + std::to_string(static_cast<int>(result));
}

}  // namespace aion::resource::nvml
