#include "resource/probe/opencl_probe.h"

#include <algorithm>
#include <optional>
#include <utility>

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include "resource/probe/shared_library.h"

namespace aion::resource {

namespace {

constexpr std::size_t kMostText = 4096;
constexpr cl_uint kMostDevices = 256;

struct OpenCl {
  explicit OpenCl(const SharedLibrary& file)
      : platforms(file.find<decltype(&clGetPlatformIDs)>("clGetPlatformIDs")),
        devices(file.find<decltype(&clGetDeviceIDs)>("clGetDeviceIDs")),
        device_info(file.find<decltype(&clGetDeviceInfo)>("clGetDeviceInfo")) {}

  decltype(&clGetPlatformIDs) platforms;
  decltype(&clGetDeviceIDs) devices;
  decltype(&clGetDeviceInfo) device_info;
};

std::string text_of(const OpenCl& cl, cl_device_id device, cl_device_info what) {
  std::size_t size = 0;
  if (cl.device_info(device, what, 0, nullptr, &size) != CL_SUCCESS || size == 0 ||
      size > kMostText) {
    return "";
  }
  std::string text(size, '\0');
  if (cl.device_info(device, what, size, text.data(), nullptr) != CL_SUCCESS) {
    return "";
  }
  return text.c_str();  // without the zeros at its end
}

template <class T>
std::optional<T> number_of(const OpenCl& cl, cl_device_id device, cl_device_info what) {
  T number{};
  return cl.device_info(device, what, sizeof(number), &number, nullptr) == CL_SUCCESS
             ? std::optional(number)
             : std::nullopt;
}

Device describe(const OpenCl& cl, cl_device_id id) {
  Device device;
  device.name = text_of(cl, id, CL_DEVICE_NAME);
  device.cores = 1;
  device.memory.count = number_of<cl_ulong>(cl, id, CL_DEVICE_GLOBAL_MEM_SIZE).value_or(0);
  device.facts.push_back({"version", text_of(cl, id, CL_DEVICE_VERSION)});
  device.facts.push_back({"driver", text_of(cl, id, CL_DRIVER_VERSION)});
  if (const auto units = number_of<cl_uint>(cl, id, CL_DEVICE_MAX_COMPUTE_UNITS)) {
    device.facts.push_back({"compute units", std::to_string(*units)});
  }
  return device;
}

std::vector<cl_device_id> devices_of(const OpenCl& cl) {
  cl_uint count = 0;
  // A loader without platforms says -1001 (CL_PLATFORM_NOT_FOUND_KHR).
  if (cl.platforms(0, nullptr, &count) != CL_SUCCESS) {
    return {};
  }
  std::vector<cl_platform_id> platforms(std::min(count, kMostDevices));
  if (platforms.empty() ||
      cl.platforms(static_cast<cl_uint>(platforms.size()), platforms.data(), nullptr) !=
          CL_SUCCESS) {
    return {};
  }
  std::vector<cl_device_id> all;
  for (const cl_platform_id platform : platforms) {
    if (cl.devices(platform, CL_DEVICE_TYPE_ALL, 0, nullptr, &count) != CL_SUCCESS || count == 0) {
      continue;
    }
    std::vector<cl_device_id> own(std::min(count, kMostDevices));
    if (cl.devices(
            platform, CL_DEVICE_TYPE_ALL, static_cast<cl_uint>(own.size()), own.data(), nullptr) ==
        CL_SUCCESS) {
      all.insert(all.end(), own.begin(), own.end());
    }
  }
  return all;
}

}  // namespace

Result<std::vector<Device>> OpenClProbe::devices() {
  // Drivers leave threads behind that run in it.
  const auto library = SharedLibrary::open(file_, SharedLibrary::Stay::Forever);
  if (!library) {
    return std::vector<Device>{};
  }
  const OpenCl cl(*library);
  if (cl.platforms == nullptr || cl.devices == nullptr || cl.device_info == nullptr) {
    return Error{Code::Unavailable,
                 file_ + " lacks clGetPlatformIDs, clGetDeviceIDs or clGetDeviceInfo"};
  }
  std::vector<Device> devices;
  for (const cl_device_id id : devices_of(cl)) {
    devices.push_back(describe(cl, id));
    devices.back().id = {DeviceKind::OpenCl, static_cast<std::uint32_t>(devices.size() - 1)};
  }
  count_ = devices.size();
  return devices;
}

Result<Usage> OpenClProbe::usage(DeviceId device) {
  if (device.kind != DeviceKind::OpenCl || device.index >= count_) {
    return Error{Code::NotFound, "no device '" + to_string(device) + "'"};
  }
  return Usage{};
}

}  // namespace aion::resource
