#include "tests/resource/probe/nvml/fake.h"

#include <algorithm>
#include <cstring>

// FAKE_NVML_OLD: as a library from before MIG, energy counters, events and second versions.

using fake_nvml::Gpu;
using fake_nvml::State;

namespace {

State state;

int put(const std::string& text, char* out, unsigned int size) {
  constexpr int kInsufficientSize = 7;
  if (text.size() + 1 > size) {
    return kInsufficientSize;
  }
  std::memcpy(out, text.c_str(), text.size() + 1);
  return 0;
}

template <class T>
int tell(const Gpu* gpu, T* out, T value) {
  *out = value;
  return gpu->ask_result;
}

struct MemoryV1 {
  unsigned long long total, free, used;
};
struct Rates {
  unsigned int gpu, memory;
};

}  // namespace

extern "C" {

State* fake_nvml_state() {
  return &state;
}

#ifdef FAKE_NVML_OLD
int nvmlInit() {
#else
int nvmlInit_v2() {
#endif
  state.begun += state.init_result == 0 ? 1 : 0;
  return state.init_result;
}

int nvmlShutdown() {
  --state.begun;
  return 0;
}

const char* nvmlErrorString(int result) {
  constexpr int kLost = 15;
  return result == kLost ? "GPU is lost" : "Unknown Error";
}

int nvmlSystemGetDriverVersion(char* out, unsigned int size) {
  return put("535.104.05", out, size);
}

#ifdef FAKE_NVML_OLD
int nvmlDeviceGetCount(unsigned int* out) {
#else
int nvmlDeviceGetCount_v2(unsigned int* out) {
#endif
  *out = static_cast<unsigned int>(state.gpus.size());
  return state.count_result;
}

#ifdef FAKE_NVML_OLD
int nvmlDeviceGetHandleByIndex(unsigned int index, Gpu** out) {
#else
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, Gpu** out) {
#endif
  *out = &state.gpus.at(index);
  return (*out)->open_result;
}

int nvmlDeviceGetName(const Gpu* gpu, char* out, unsigned int size) {
  return gpu->ask_result != 0 ? gpu->ask_result : put(gpu->name, out, size);
}

int nvmlDeviceGetUUID(const Gpu* gpu, char* out, unsigned int size) {
  return gpu->ask_result != 0 ? gpu->ask_result : put(gpu->uuid, out, size);
}

int nvmlDeviceGetMemoryInfo(const Gpu* gpu, MemoryV1* out) {
  return tell(
      gpu, out, {gpu->total, gpu->total - gpu->used - gpu->reserved, gpu->used + gpu->reserved});
}

int nvmlDeviceGetUtilizationRates(const Gpu* gpu, Rates* out) {
  return tell(gpu, out, {gpu->busy, 0});
}

int nvmlDeviceGetPowerUsage(const Gpu* gpu, unsigned int* out) {
  return tell(gpu, out, 70'500U);
}

int nvmlDeviceGetEnforcedPowerLimit(const Gpu* gpu, unsigned int* out) {
  return tell(gpu, out, 300'000U);
}

int nvmlDeviceGetTemperature(const Gpu* gpu, unsigned int /*sensor*/, unsigned int* out) {
  return tell(gpu, out, 41U);
}

#ifndef FAKE_NVML_OLD

struct MemoryV2 {
  unsigned int version;
  unsigned long long total, reserved, free, used;
};

int nvmlDeviceGetMemoryInfo_v2(const Gpu* gpu, MemoryV2* out) {
  constexpr int kVersionMismatch = 25;
  if (out->version != (sizeof(MemoryV2) | 2U << 24U)) {
    return kVersionMismatch;
  }
  return tell(
      gpu,
      out,
      {out->version, gpu->total, gpu->reserved, gpu->total - gpu->used - gpu->reserved, gpu->used});
}

int nvmlDeviceGetTotalEnergyConsumption(const Gpu* gpu, unsigned long long* out) {
  return tell(gpu, out, 12'345ULL);
}

int nvmlDeviceGetCudaComputeCapability(const Gpu* gpu, int* major, int* minor) {
  *minor = 0;
  return tell(gpu, major, 9);
}

int nvmlDeviceGetMigMode(const Gpu* gpu, unsigned int* now, unsigned int* later) {
  *later = gpu->is_mig ? 1 : 0;
  return tell(gpu, now, gpu->is_mig ? 1U : 0U);
}

int nvmlDeviceGetMaxMigDeviceCount(const Gpu* gpu, unsigned int* out) {
  return tell(gpu, out, static_cast<unsigned int>(gpu->instances.size()));
}

int nvmlDeviceGetMigDeviceHandleByIndex(Gpu* gpu, unsigned int index, Gpu** out) {
  constexpr int kNotFound = 6;
  *out = &gpu->instances.at(index);
  return (*out)->uuid.empty() ? kNotFound : 0;
}

int nvmlEventSetCreate(State** out) {
  ++state.event_sets;
  *out = &state;
  return 0;
}

int nvmlEventSetFree(State* /*set*/) {
  --state.event_sets;
  return 0;
}

int nvmlDeviceRegisterEvents(Gpu* /*gpu*/, unsigned long long types, State* /*set*/) {
  constexpr int kInvalidArgument = 2;
  constexpr unsigned long long kXid = 8;
  return types == kXid ? 0 : kInvalidArgument;
}

struct EventData {
  Gpu* device;
  unsigned long long type, data;
  unsigned int gpu_instance, compute_instance;
};

int nvmlEventSetWait_v2(State* /*set*/, EventData* out, unsigned int /*milliseconds*/) {
  constexpr int kTimeout = 10;
  constexpr unsigned long long kXid = 8;
  if (state.events.empty()) {
    return kTimeout;
  }
  const auto event = state.events.front();
  state.events.erase(state.events.begin());
  *out = {&state.gpus.at(event.gpu), kXid, event.xid, 0, 0};
  return 0;
}

#endif
}
