#include "protocol/native/explain_json.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <utility>

#include "protocol/native/device_json.h"

namespace aion::native {

namespace {

constexpr std::size_t kMostClaims = 1000;
constexpr std::size_t kMostNamed = 100;

Error expected(const std::string& field, const std::string& what, const Json& came) {
  constexpr std::size_t kMostShown = 100;
  return {Code::InvalidArgument,
          "'" + field + "': expected " + what + ", got " + to_text(came).substr(0, kMostShown)};
}

Result<resource::DeviceId> device_of(const std::string& field,
                                     const Json& json,
                                     const resource::Ledger& ledger) {
  std::string names;
  for (const resource::Balance& balance : ledger.balances()) {
    const std::string name = resource::to_string(balance.capacity.device);
    if (json == name) {
      return balance.capacity.device;
    }
    names += (names.empty() ? "" : ", ") + name;
  }
  return expected(field, "one of " + names, json);
}

Result<double> amount_of(const std::string& field, const Json& json) {
  if (!json.is_number() || json.get<double>() < 0) {
    return expected(field, "a number from zero up", json);
  }
  return json.get<double>();
}

Result<resource::CoreUse> core_use_of(const std::string& field, const Json& json) {
  constexpr std::array<std::string_view, 3> kUses{"any", "pinned", "lent"};
  const auto* const use = std::ranges::find_if(
      kUses, [&](std::string_view one) { return json.is_string() && json == one; });
  if (use == kUses.end()) {
    return expected(field, "any, pinned or lent", json);
  }
  return static_cast<resource::CoreUse>(use - kUses.begin());
}

Result<std::vector<resource::NamedAmount>> named_of(const std::string& field, const Json& json) {
  if (!json.is_object() || json.size() > kMostNamed) {
    return expected(field, "an object of at most " + std::to_string(kMostNamed) + " numbers", json);
  }
  std::vector<resource::NamedAmount> named;
  for (const auto& [name, value] : json.items()) {
    AION_TRY(const double amount, amount_of(field + "." + name, value));
    named.push_back({name, amount});
  }
  return named;
}

Result<resource::Claim> claim_of(const std::string& field,
                                 const Json& json,
                                 const resource::Ledger& ledger) {
  if (!json.is_object()) {
    return expected(field, "an object", json);
  }
  resource::Claim claim;
  claim.holder = "this claim";
  claim.device = ledger.device();
  for (const auto& [key, value] : json.items()) {
    const std::string name = field + "." + key;
    if (key == "device") {
      AION_TRY(claim.device, device_of(name, value, ledger));
    } else if (key == "cores") {
      AION_TRY(claim.quantity.cores, amount_of(name, value));
    } else if (key == "memory_bytes") {
      if (!value.is_number_unsigned()) {
        return expected(name, "a whole number from zero up", value);
      }
      claim.quantity.memory.count = value.get<std::uint64_t>();
    } else if (key == "named") {
      AION_TRY(claim.quantity.named, named_of(name, value));
    } else if (key == "core_use") {
      AION_TRY(claim.core_use, core_use_of(name, value));
    } else {
      return Error{
          Code::InvalidArgument,
          "'" + name + "': expected device, cores, memory_bytes, named or core_use as its name"};
    }
  }
  return claim;
}

}  // namespace

Result<std::vector<resource::Claim>> parse_claims(std::string_view body,
                                                  const resource::Ledger& ledger) {
  AION_TRY(const Json json, parse_json(body));
  if (!json.is_object() || !json.contains("claims")) {
    return expected("", "an object with 'claims'", json);
  }
  const Json& list = json.at("claims");
  if (!list.is_array() || list.empty() || list.size() > kMostClaims) {
    return expected("claims", "a list of 1 to " + std::to_string(kMostClaims) + " claims", list);
  }
  std::vector<resource::Claim> claims;
  for (std::size_t i = 0; i < list.size(); ++i) {
    AION_TRY(resource::Claim claim, claim_of("claims[" + std::to_string(i) + "]", list[i], ledger));
    claims.push_back(std::move(claim));
  }
  return claims;
}

Json explain_json(const resource::Prospect& prospect, TimePoint now) {
  Json lacks = Json::array();
  for (const resource::Lack& lack : prospect.lacks) {
    lacks.push_back({{"device", resource::to_string(lack.device)},
                     {"what", lack.what},
                     {"wanted", lack.wanted},
                     {"free", lack.free},
                     {"capacity", lack.capacity}});
  }
  Json holders = Json::array();
  for (const resource::Holding& holding : prospect.holders) {
    holders.push_back(to_json(holding));
  }
  Json starts;
  if (prospect.lacks.empty()) {
    starts = 0;
  } else if (!prospect.is_never && prospect.starts != kNever) {
    starts = std::max(0.0, std::chrono::duration<double>(prospect.starts - now).count());
  }
  return {{"fits", prospect.lacks.empty()},
          {"never", prospect.is_never},
          {"starts_in_s", std::move(starts)},
          {"text", resource::describe(prospect, now)},
          {"lacks", std::move(lacks)},
          {"holders", std::move(holders)}};
}

}  // namespace aion::native
