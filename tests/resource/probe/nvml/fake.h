// A libnvidia-ml.so.1 that tells what a test has written down.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fake_nvml {

struct Gpu {
  std::string name;
  std::string uuid;
  unsigned long long total = 0;  // bytes
  unsigned long long reserved = 0;
  unsigned long long used = 0;
  unsigned int busy = 0;  // per cent
  bool is_mig = false;
  std::vector<Gpu> instances;  // in MIG mode; no name = a place without an instance
  int open_result = 0;         // of nvmlDeviceGetHandleByIndex
  int ask_result = 0;          // of everything that is asked about it
};

struct Event {
  std::size_t gpu = 0;
  std::uint64_t xid = 0;
};

struct State {
  std::vector<Gpu> gpus;
  std::vector<Event> events;  // taken from the front
  int init_result = 0;
  int count_result = 0;
  int begun = 0;       // how often it was begun and not yet ended
  int event_sets = 0;  // made and not freed
};

/// The only one, inside the library.
extern "C" State* fake_nvml_state();
using StateOf = State* (*)();

}  // namespace fake_nvml
