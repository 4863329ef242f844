#include "resource/probe/sim_probe.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace aion::resource {

namespace {

struct Unit {
  std::string_view suffix;
  double factor;
};

constexpr std::array kSizes{Unit{"MiB", 1024.0 * 1024},
                            Unit{"GiB", 1024.0 * 1024 * 1024},
                            Unit{"TiB", 1024.0 * 1024 * 1024 * 1024}};
constexpr std::array kRates{Unit{"MB/s", 1e6}, Unit{"GB/s", 1e9}, Unit{"TB/s", 1e12}};
constexpr std::array kTimes{Unit{"ns", 1}, Unit{"us", 1e3}, Unit{"ms", 1e6}};

constexpr double kMostBytes = 1ULL << 50U;
constexpr double kMostRate = 1e15;
constexpr double kMostLatency = 1e9;  // a second
constexpr double kUsualRate = 12e9;   // PCI Express 3.0 x16
constexpr std::size_t kMostName = 64;

/// A number above zero with one of the units.
Result<double> quantity(std::string_view key,
                        std::string_view text,
                        std::span<const Unit> units,
                        double most) {
  double number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view suffix(read.ptr, text.data() + text.size());
  const auto unit = std::ranges::find(units, suffix, &Unit::suffix);
  if (read.ec == std::errc() && unit != units.end() && number > 0 &&
      number * unit->factor <= most) {
    return number * unit->factor;
  }
  std::string names;
  for (const Unit& known : units) {
    names += (names.empty() ? "" : ", ") + std::string(known.suffix);
  }
  return Error{Code::InvalidArgument,
               "simulated device: '" + std::string(key) + "': expected a number above 0 in " +
                   names + ", got '" + std::string(text) + "'"};
}

Result<SimulatedDevice::Fault> fault_of(std::string_view text) {
  using Fault = SimulatedDevice::Fault;
  if (text == "none" || text == "lost" || text == "missing") {
    return text == "none" ? Fault::None : text == "lost" ? Fault::Lost : Fault::Missing;
  }
  return Error{
      Code::InvalidArgument,
      "simulated device: 'fault': expected none, lost or missing, got '" + std::string(text) + "'"};
}

Result<void> set(SimulatedDevice& device, std::string_view key, std::string_view value) {
  if (key == "memory") {
    AION_TRY(const double bytes, quantity(key, value, kSizes, kMostBytes));
    device.memory.count = static_cast<std::uint64_t>(bytes);
  } else if (key == "bandwidth") {
    AION_TRY(device.bytes_per_second, quantity(key, value, kRates, kMostRate));
  } else if (key == "latency") {
    AION_TRY(const double ns, quantity(key, value, kTimes, kMostLatency));
    device.latency = Duration(static_cast<Duration::rep>(ns));
  } else if (key == "fault") {
    AION_TRY(device.fault, fault_of(value));
  } else if (key == "name" && !value.empty() && value.size() <= kMostName) {
    device.name = value;
  } else {
    return Error{Code::InvalidArgument,
                 "simulated device: expected memory, bandwidth, latency, name or fault with a "
                 "value, got '" +
                     std::string(key) + "=" + std::string(value) + "'"};
  }
  return {};
}

}  // namespace

Duration SimulatedDevice::time_to_move(Bytes bytes) const {
  constexpr double kNanosecondsPerSecond = 1e9;
  return latency + Duration(static_cast<Duration::rep>(static_cast<double>(bytes.count) /
                                                       bytes_per_second * kNanosecondsPerSecond));
}

Result<SimulatedDevice> parse_simulated(std::string_view text) {
  SimulatedDevice device;
  device.bytes_per_second = kUsualRate;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    const std::size_t equals = std::min(part.find('='), part.size());
    const std::string_view value = part.substr(std::min(equals + 1, part.size()));
    AION_TRY_VOID(set(device, part.substr(0, equals), value));
  }
  if (device.memory.count == 0) {
    return Error{Code::InvalidArgument, "simulated device: expected memory=..., got none"};
  }
  return device;
}

Result<std::vector<Device>> SimProbe::devices() {
  std::vector<Device> devices;
  for (const SimulatedDevice& simulated : simulated_) {
    if (simulated.fault == SimulatedDevice::Fault::Missing) {
      return Error{Code::Unavailable, "the simulated driver does not answer, as configured"};
    }
    Device device;
    device.id = {DeviceKind::Simulated, static_cast<std::uint32_t>(devices.size())};
    device.name = simulated.name;
    device.cores = 1;
    device.memory = simulated.memory;
    device.facts = {
        {"simulated", "yes"},
        {"bandwidth",
         to_string(Bytes{static_cast<std::uint64_t>(simulated.bytes_per_second)}) + "/s"},
        {"latency", std::to_string(simulated.latency.count()) + " ns"}};
    devices.push_back(std::move(device));
  }
  return devices;
}

Result<Usage> SimProbe::usage(DeviceId device) {
  if (device.kind != DeviceKind::Simulated || device.index >= simulated_.size()) {
    return Error{Code::NotFound, "no device '" + to_string(device) + "'"};
  }
  if (simulated_[device.index].fault == SimulatedDevice::Fault::Lost) {
    return Error{Code::Unavailable, to_string(device) + " does not answer, as configured"};
  }
  return Usage{};
}

}  // namespace aion::resource
