// Devices that are made up, to test policies on machines that one does not have.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "resource/probe/probe.h"

namespace aion::resource {

/// How a made-up device behaves. What moves to it takes `latency` and then the time its bytes take.
struct SimulatedDevice {
  enum class Fault : std::uint8_t {
    None,
    Lost,     // it is found, and then does not answer
    Missing,  // the look for devices fails
  };

  std::string name = "simulated";
  Bytes memory;
  double bytes_per_second = 0;  // > 0
  Duration latency{0};
  Fault fault = Fault::None;

  [[nodiscard]] Duration time_to_move(Bytes bytes) const;
};

/// Reads "memory=8GiB bandwidth=12GB/s latency=10us name=small fault=lost" (all but memory may be
/// missing). InvalidArgument names the key, what was expected and what came.
[[nodiscard]] Result<SimulatedDevice> parse_simulated(std::string_view text);

class SimProbe final : public Probe {
 public:
  explicit SimProbe(std::vector<SimulatedDevice> devices) : simulated_(std::move(devices)) {}

  [[nodiscard]] std::string_view name() const override { return "sim"; }
  [[nodiscard]] Result<std::vector<Device>> devices() override;
  [[nodiscard]] Result<Usage> usage(DeviceId device) override;

 private:
  std::vector<SimulatedDevice> simulated_;
};

}  // namespace aion::resource
