#include "resource/amounts.h"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace aion::resource {

namespace {

constexpr double kThousandths = 1000;

// So that sums of a million claims stay below 2^63.
constexpr std::int64_t kMost = std::int64_t{1} << 60U;

std::int64_t counted(double amount) {
  const double scaled = std::round(amount * kThousandths);
  return scaled >= static_cast<double>(kMost) ? kMost : static_cast<std::int64_t>(scaled);
}

bool is_amount(double value) {
  return value >= 0 && value * kThousandths < static_cast<double>(kMost);  // false for NaN
}

void put(Amounts& amounts, std::string_view what, std::int64_t value) {
  if (value != 0) {
    amounts[std::string(what)] = value;
  }
}

}  // namespace

Result<Amounts> amounts_of(const Claim& claim) {
  const auto refuse = [&](const std::string& what, const std::string& value) {
    return Error{Code::InvalidArgument,
                 claim.holder + ": '" + what + "': expected a number from 0 up, got " + value};
  };
  const Quantity& wanted = claim.quantity;
  if (!is_amount(wanted.cores)) {
    return refuse(kCores, std::to_string(wanted.cores));
  }
  if (wanted.memory.count > static_cast<std::uint64_t>(kMost)) {
    return refuse(kMemory, std::to_string(wanted.memory.count));
  }
  for (const NamedAmount& named : wanted.named) {
    if (named.name.empty() || named.name == kCores || named.name == kMemory ||
        !is_amount(named.amount)) {
      return refuse(named.name, std::to_string(named.amount));
    }
  }
  Amounts amounts = amounts_of(wanted);
  if (claim.core_use == CoreUse::Lent) {
    amounts.erase(kCores);
  }
  return amounts;
}

Amounts amounts_of(const Quantity& capacity) {
  Amounts amounts;
  put(amounts, kCores, counted(capacity.cores));
  put(amounts,
      kMemory,
      static_cast<std::int64_t>(
          std::min(capacity.memory.count, static_cast<std::uint64_t>(kMost))));
  for (const NamedAmount& named : capacity.named) {
    put(amounts, named.name, amount(amounts, named.name) + counted(named.amount));
  }
  return amounts;
}

Quantity quantity_of(const Amounts& amounts) {
  Quantity quantity;
  for (const auto& [what, value] : amounts) {
    const std::int64_t left = std::max<std::int64_t>(value, 0);
    if (what == kCores) {
      quantity.cores = for_people(what, left);
    } else if (what == kMemory) {
      quantity.memory.count = static_cast<std::uint64_t>(left);
    } else {
      quantity.named.push_back({what, for_people(what, left)});
    }
  }
  return quantity;
}

std::int64_t amount(const Amounts& amounts, std::string_view what) {
  const auto found = amounts.find(what);
  return found == amounts.end() ? 0 : found->second;
}

double for_people(std::string_view what, std::int64_t amount) {
  return what == kMemory ? static_cast<double>(amount) : static_cast<double>(amount) / kThousandths;
}

void add(Amounts& to, const Amounts& other) {
  for (const auto& [what, value] : other) {
    to[what] += value;
  }
}

void subtract(Amounts& from, const Amounts& other) {
  for (const auto& [what, value] : other) {
    from[what] -= value;
  }
}

}  // namespace aion::resource
