#include "daemon/device_metrics.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace aion::daemon {

namespace {

using resource::Device;
using resource::DeviceKind;
using resource::Usage;

/// One number of every device of a kind that can tell it; GPUs are labelled by UUID, as in Triton.
using Read = std::function<std::optional<double>(const Device&, const Usage&)>;

std::vector<Sample> samples(resource::Machine& machine,
                            TimePoint now,
                            DeviceKind kind,
                            const Read& read) {
  std::vector<Sample> samples;
  for (const Device& device : machine.devices()) {
    const auto usage =
        device.id.kind == kind ? machine.usage(device.id, now) : Result<Usage>(Usage{});
    const auto value =
        device.id.kind == kind && usage ? read(device, *usage) : std::optional<double>();
    if (!value) {
      continue;
    }
    Sample sample;
    sample.value = *value;
    if (kind == DeviceKind::Gpu) {
      sample.labels.push_back({"gpu_uuid", device.uuid});
    }
    samples.push_back(std::move(sample));
  }
  return samples;
}

struct Row {
  const char* name;
  const char* help;
  MetricType type;
  DeviceKind kind;
  Read read;
};

std::optional<double> memory_used(const Device& /*device*/, const Usage& usage) {
  return usage.memory ? std::optional(static_cast<double>(usage.memory->count)) : std::nullopt;
}

std::optional<double> memory_total(const Device& device, const Usage& /*usage*/) {
  return static_cast<double>(device.memory.count);
}

std::optional<double> busy(const Device& /*device*/, const Usage& usage) {
  return usage.busy;
}

std::vector<Row> rows() {
  using enum MetricType;
  return {
      {"nv_gpu_utilization", "GPU utilization rate [0.0 - 1.0]", Gauge, DeviceKind::Gpu, busy},
      {"nv_gpu_memory_total_bytes",
       "GPU total memory, in bytes",
       Gauge,
       DeviceKind::Gpu,
       memory_total},
      {"nv_gpu_memory_used_bytes",
       "GPU used memory, in bytes",
       Gauge,
       DeviceKind::Gpu,
       memory_used},
      {"nv_gpu_power_usage",
       "GPU power usage in watts",
       Gauge,
       DeviceKind::Gpu,
       [](const Device& /*device*/, const Usage& usage) {
         return usage.watts;
       }},
      {"nv_gpu_power_limit",
       "GPU power management limit in watts",
       Gauge,
       DeviceKind::Gpu,
       [](const Device& /*device*/, const Usage& usage) {
         return usage.watts_at_most;
       }},
      {"nv_energy_consumption",
       "GPU energy consumption in joules since the driver was loaded",
       Counter,
       DeviceKind::Gpu,
       [](const Device& /*device*/, const Usage& usage) {
         return usage.joules;
       }},
      {"nv_cpu_utilization", "CPU utilization rate [0.0 - 1.0]", Gauge, DeviceKind::Cpu, busy},
      {"nv_cpu_memory_total_bytes",
       "CPU total memory (RAM), in bytes",
       Gauge,
       DeviceKind::Cpu,
       memory_total},
      {"nv_cpu_memory_used_bytes",
       "CPU used memory (RAM), in bytes",
       Gauge,
       DeviceKind::Cpu,
       memory_used},
  };
}

std::vector<Sample> amounts(const resource::Ledger& ledger, bool is_free) {
  std::vector<Sample> samples;
  for (const resource::Balance& balance : ledger.balances()) {
    const resource::Quantity& quantity = is_free ? balance.free : balance.capacity.quantity;
    const std::string device = resource::to_string(balance.capacity.device);
    const auto add = [&](const std::string& what, double value) {
      Sample sample;
      sample.value = value;
      sample.labels = {{"device", device}, {"resource", what}};
      samples.push_back(std::move(sample));
    };
    add("cores", quantity.cores);
    add("memory_bytes", static_cast<double>(quantity.memory.count));
    for (const resource::NamedAmount& named : quantity.named) {
      add(named.name, named.amount);
    }
  }
  return samples;
}

}  // namespace

void export_devices(Metrics& metrics,
                    resource::Machine& machine,
                    const resource::Ledger& ledger,
                    const Clock& clock) {
  std::vector<Row> all = rows();
  for (Row& row : all) {
    metrics.family(row.name,
                   row.help,
                   row.type,
                   [&machine, &clock, kind = row.kind, read = std::move(row.read)] {
                     return samples(machine, clock.now(), kind, read);
                   });
  }
  metrics.family("aion_device_capacity",
                 "What there is of each device to be leased",
                 MetricType::Gauge,
                 [&ledger] { return amounts(ledger, false); });
  metrics.family(
      "aion_device_free", "What of each device is not leased", MetricType::Gauge, [&ledger] {
        return amounts(ledger, true);
      });
}

}  // namespace aion::daemon
