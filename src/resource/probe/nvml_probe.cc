#include "resource/probe/nvml_probe.h"

#include <algorithm>
#include <array>
#include <utility>

namespace aion::resource {

namespace {

constexpr std::size_t kMostFaults = 16;  // the last ones of each GPU
constexpr int kMostEventsAtOnce = 64;
constexpr double kMilli = 1e-3;
constexpr double kPerCent = 1e-2;

using TextFunction = nvml::Return (*)(nvml::DeviceHandle, char*, unsigned int);

std::string text_of(TextFunction function, nvml::DeviceHandle handle) {
  std::array<char, nvml::kTextSize> text{};
  const bool is_known =
      function != nullptr && function(handle, text.data(), text.size()) == nvml::kSuccess;
  text.back() = '\0';
  return is_known ? text.data() : "";
}

/// A number that the driver may not know for this device.
template <class T>
std::optional<T> ask(nvml::Return (*function)(nvml::DeviceHandle, T*), nvml::DeviceHandle handle) {
  T value{};
  return function != nullptr && function(handle, &value) == nvml::kSuccess ? std::optional(value)
                                                                           : std::nullopt;
}

struct MemoryNow {
  Bytes total;  // without what driver and firmware keep
  Bytes used;   // by programs
};

std::optional<MemoryNow> memory_of(const nvml::Functions& call, nvml::DeviceHandle handle) {
  nvml::MemoryV2 apart{};
  apart.version = nvml::kMemoryV2;
  if (call.memory_v2 != nullptr && call.memory_v2(handle, &apart) == nvml::kSuccess) {
    return MemoryNow{{apart.total - std::min(apart.total, apart.reserved)}, {apart.used}};
  }
  if (const auto memory = ask(call.memory, handle)) {
    return MemoryNow{{memory->total}, {memory->used}};
  }
  return std::nullopt;
}

}  // namespace

NvmlProbe::~NvmlProbe() {
  if (events_ != nullptr && library_->call().event_set_free != nullptr) {
    library_->call().event_set_free(events_);
  }
}

Result<std::vector<Device>> NvmlProbe::devices() {
  if (!library_) {
    auto opened = nvml::Library::open(file_);
    if (!opened && opened.error().code == Code::NotFound) {
      return std::vector<Device>{};
    }
    AION_TRY(library_, std::move(opened));
  }
  unsigned int count = 0;
  if (const auto told = library_->call().device_count(&count); told != nvml::kSuccess) {
    return Error{Code::Unavailable, "NVML counts no GPUs: " + library_->reason(told)};
  }
  known_.clear();
  std::vector<Device> devices;
  for (unsigned int i = 0; i < count; ++i) {
    AION_TRY_VOID(add_gpu(i, devices));
  }
  return devices;
}

/// One that this user may not use, or that has fallen off the bus, is left out.
Result<void> NvmlProbe::add_gpu(unsigned int index, std::vector<Device>& devices) {
  const nvml::Functions& call = library_->call();
  Known gpu;
  const auto found = call.device_by_index(index, &gpu.handle);
  if (found == nvml::kNoPermission || found == nvml::kGpuIsLost || found == nvml::kNotFound) {
    return {};
  }
  if (found != nvml::kSuccess) {
    return Error{
        Code::Unavailable,
        "NVML does not open GPU " + std::to_string(index) + ": " + library_->reason(found)};
  }
  gpu.gpu = gpu.handle;
  watch(gpu.handle);
  Device whole = describe(gpu.handle);
  if (!add_instances(gpu, whole, devices)) {
    add(gpu, std::move(whole), devices);
  }
  return {};
}

/// Whether the GPU is in MIG mode; then its instances, if there are any, are in the list.
bool NvmlProbe::add_instances(const Known& gpu, const Device& whole, std::vector<Device>& devices) {
  const nvml::Functions& call = library_->call();
  unsigned int is_on = 0;
  unsigned int after_reset = 0;
  const bool is_mig = call.mig_mode != nullptr && call.mig_device != nullptr &&
                      call.mig_mode(gpu.handle, &is_on, &after_reset) == nvml::kSuccess &&
                      is_on != 0;
  if (!is_mig) {
    return false;
  }
  const unsigned int most = ask(call.max_mig_devices, gpu.handle).value_or(0);
  for (unsigned int i = 0; i < most; ++i) {
    Known instance{nullptr, gpu.handle};
    if (call.mig_device(gpu.handle, i, &instance.handle) != nvml::kSuccess) {
      continue;  // places without an instance
    }
    Device device = describe(instance.handle);
    device.parent = whole.uuid;
    if (device.name.empty()) {
      device.name = whole.name + " MIG";
    }
    add(instance, std::move(device), devices);
  }
  return true;
}

void NvmlProbe::add(const Known& known, Device device, std::vector<Device>& devices) {
  device.id = {DeviceKind::Gpu, static_cast<std::uint32_t>(devices.size())};
  known_[device.id] = known;
  devices.push_back(std::move(device));
}

Device NvmlProbe::describe(nvml::DeviceHandle handle) const {
  const nvml::Functions& call = library_->call();
  Device device;
  device.name = text_of(call.name, handle);
  device.uuid = text_of(call.uuid, handle);
  device.cores = 1;
  if (const auto memory = memory_of(call, handle)) {
    device.memory = memory->total;
  }
  std::array<char, nvml::kTextSize> driver{};
  if (call.driver_version != nullptr &&
      call.driver_version(driver.data(), driver.size() - 1) == nvml::kSuccess) {
    device.facts.push_back({"driver", driver.data()});
  }
  int major = 0;
  int minor = 0;
  if (call.compute_capability != nullptr &&
      call.compute_capability(handle, &major, &minor) == nvml::kSuccess) {
    device.facts.push_back(
        {"compute capability", std::to_string(major) + "." + std::to_string(minor)});
  }
  return device;
}

/// From now on the driver tells its faults.
void NvmlProbe::watch(nvml::DeviceHandle gpu) {
  const nvml::Functions& call = library_->call();
  if (faults_.contains(gpu) || call.event_set_create == nullptr ||
      call.register_events == nullptr || call.wait_for_event == nullptr) {
    return;
  }
  if (events_ == nullptr && call.event_set_create(&events_) != nvml::kSuccess) {
    events_ = nullptr;
    return;
  }
  if (call.register_events(gpu, nvml::kXidEvents, events_) == nvml::kSuccess) {
    faults_[gpu];
  }
}

void NvmlProbe::read_events() {
  nvml::EventData event{};
  for (int i = 0; events_ != nullptr && i < kMostEventsAtOnce &&
                  library_->call().wait_for_event(events_, &event, 0) == nvml::kSuccess;
       ++i) {
    auto& faults = faults_[event.device];
    faults.push_back("XID " + std::to_string(event.data));
    if (faults.size() > kMostFaults) {
      faults.erase(faults.begin());
    }
  }
}

Result<Usage> NvmlProbe::usage(DeviceId device) {
  const auto found = known_.find(device);
  if (found == known_.end()) {
    return Error{Code::NotFound, "no device '" + to_string(device) + "'"};
  }
  const nvml::Functions& call = library_->call();
  const auto [handle, gpu] = found->second;
  nvml::Utilization utilization{};
  const auto told =
      call.utilization != nullptr ? call.utilization(handle, &utilization) : nvml::kNotSupported;
  if (told == nvml::kGpuIsLost) {
    return Error{Code::Unavailable,
                 to_string(device) + " does not answer: " + library_->reason(told)};
  }
  Usage usage;
  if (told == nvml::kSuccess) {
    usage.busy = std::min(1.0, utilization.gpu * kPerCent);
  }
  if (const auto memory = memory_of(call, handle)) {
    usage.memory = memory->used;
  }
  // What a GPU draws is known of the whole of it.
  if (const auto milliwatts = ask(call.power_usage, gpu)) {
    usage.watts = *milliwatts * kMilli;
  }
  if (const auto milliwatts = ask(call.power_limit, gpu)) {
    usage.watts_at_most = *milliwatts * kMilli;
  }
  if (const auto millijoules = ask(call.energy, gpu)) {
    usage.joules = static_cast<double>(*millijoules) * kMilli;
  }
  unsigned int celsius = 0;
  if (call.temperature != nullptr &&
      call.temperature(gpu, nvml::kGpuTemperature, &celsius) == nvml::kSuccess) {
    usage.celsius = celsius;
  }
  read_events();
  if (const auto faults = faults_.find(gpu); faults != faults_.end()) {
    usage.faults = faults->second;
  }
  return usage;
}

}  // namespace aion::resource
