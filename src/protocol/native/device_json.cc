#include "protocol/native/device_json.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace aion::native {

namespace {

Json to_json(const resource::Quantity& quantity) {
  Json named = Json::object();
  for (const resource::NamedAmount& one : quantity.named) {
    named[one.name] = one.amount;
  }
  return {{"cores", quantity.cores},
          {"memory_bytes", quantity.memory.count},
          {"named", std::move(named)}};
}

void put(Json& json, const char* key, const std::optional<double>& value) {
  if (value) {
    json[key] = *value;
  }
}

void put(Json& json, const char* key, const std::optional<resource::Pressure>& value) {
  if (value) {
    json[key] = {{"some_10s", value->some_10s},
                 {"some_60s", value->some_60s},
                 {"full_10s", value->full_10s},
                 {"full_60s", value->full_60s}};
  }
}

void put_usage(Json& json, const Result<resource::Usage>& usage) {
  json["usage"] = Json::object();
  json["faults"] = Json::array();
  if (!usage) {
    json["trouble"] = usage.error().message;
    return;
  }
  json["faults"] = usage->faults;
  Json& own = json["usage"];
  put(own, "busy", usage->busy);
  put(own, "watts", usage->watts);
  put(own, "watts_at_most", usage->watts_at_most);
  put(own, "joules", usage->joules);
  put(own, "celsius", usage->celsius);
  if (usage->memory) {
    own["memory_bytes"] = usage->memory->count;
  }
}

Json device_json(const resource::Device& device, const resource::Balance& balance) {
  Json json{{"id", resource::to_string(device.id)},
            {"name", device.name},
            {"uuid", device.uuid},
            {"parent", device.parent},
            {"capacity", to_json(balance.capacity.quantity)},
            {"free", to_json(balance.free)},
            {"facts", Json::object()},
            {"leases", Json::array()}};
  for (const resource::Fact& fact : device.facts) {
    json["facts"][fact.name] = fact.value;
  }
  return json;
}

}  // namespace

Json to_json(const resource::Holding& holding) {
  constexpr std::array<std::string_view, 3> kUses{"any", "pinned", "lent"};
  Json json = to_json(holding.claim.quantity);
  json["holder"] = holding.claim.holder;
  json["device"] = resource::to_string(holding.claim.device);
  json["core_use"] = kUses[static_cast<std::size_t>(holding.claim.core_use)];
  json["cpus"] = holding.cpus;
  return json;
}

Json devices_json(resource::Machine& machine, const resource::Ledger& ledger, TimePoint now) {
  const auto balances = ledger.balances();
  const auto holdings = ledger.holdings();
  Json devices = Json::array();
  for (const resource::Device& device : machine.devices()) {
    const auto balance = std::ranges::find(
        balances, device.id, [](const resource::Balance& one) { return one.capacity.device; });
    if (balance == balances.end()) {
      continue;
    }
    Json json = device_json(device, *balance);
    put_usage(json, machine.usage(device.id, now));
    for (const resource::Holding& holding : holdings) {
      if (holding.claim.device == device.id) {
        json["leases"].push_back(to_json(holding));
      }
    }
    devices.push_back(std::move(json));
  }
  const resource::Pressures pressures = resource::read_pressures();
  Json pressure = Json::object();
  put(pressure, "cpu", pressures.cpu);
  put(pressure, "memory", pressures.memory);
  put(pressure, "io", pressures.io);
  return {{"devices", std::move(devices)},
          {"pressure", std::move(pressure)},
          {"troubles", machine.troubles()}};
}

}  // namespace aion::native
