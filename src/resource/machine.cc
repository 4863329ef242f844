#include "resource/machine.h"

#include <chrono>
#include <utility>

#include "resource/probe/cpu_probe.h"
#include "resource/probe/nvml_probe.h"
#include "resource/probe/opencl_probe.h"
#include "resource/probe/sim_probe.h"

namespace aion::resource {

Result<std::unique_ptr<Machine>> Machine::probe(const MachineConfig& config) {
  std::vector<std::unique_ptr<Probe>> probes;
  probes.push_back(std::make_unique<CpuProbe>(CpuProbe::Options{}));
  probes.push_back(std::make_unique<NvmlProbe>());
  if (config.has_opencl) {
    probes.push_back(std::make_unique<OpenClProbe>());
  }
  std::vector<SimulatedDevice> simulated;
  for (const std::string& text : config.simulated) {
    AION_TRY(SimulatedDevice device, parse_simulated(text));
    simulated.push_back(std::move(device));
  }
  if (!simulated.empty()) {
    probes.push_back(std::make_unique<SimProbe>(std::move(simulated)));
  }
  return std::make_unique<Machine>(std::move(probes));
}

Machine::Machine(std::vector<std::unique_ptr<Probe>> probes) : probes_(std::move(probes)) {
  for (std::size_t i = 0; i < probes_.size(); ++i) {
    auto found = probes_[i]->devices();
    if (!found) {
      troubles_.push_back(std::string(probes_[i]->name()) + ": " + found.error().message);
      continue;
    }
    for (Device& device : *found) {
      looks_[device.id].probe = i;
      devices_.push_back(std::move(device));
    }
  }
}

Result<Usage> Machine::usage(DeviceId device, TimePoint now) {
  constexpr auto kFresh = std::chrono::milliseconds(500);
  const std::scoped_lock lock(mutex_);
  const auto found = looks_.find(device);
  if (found == looks_.end()) {
    return Error{Code::NotFound, "no device '" + to_string(device) + "'"};
  }
  Look& look = found->second;
  if (now >= look.next) {
    look.usage = probes_[look.probe]->usage(device);
    look.next = now + kFresh;
  }
  return look.usage;
}

}  // namespace aion::resource
