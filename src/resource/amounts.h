// Quantities that add up exactly.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/result.h"
#include "resource/lease/lease.h"

namespace aion::resource {

/// By what it is: "cores" and names in thousandths, "bytes of memory" in bytes. What is not in the
/// map is zero.
using Amounts = std::map<std::string, std::int64_t, std::less<>>;

inline constexpr const char* kCores = "cores";
inline constexpr const char* kMemory = "bytes of memory";

/// Of a claim whose cores are lent, without them. InvalidArgument, with `holder`, when something is
/// negative, not a number or too large.
[[nodiscard]] Result<Amounts> amounts_of(const Claim& claim);

/// Of what there is: too much counts as the most that can be counted.
[[nodiscard]] Amounts amounts_of(const Quantity& capacity);
[[nodiscard]] Quantity quantity_of(const Amounts& amounts);

[[nodiscard]] std::int64_t amount(const Amounts& amounts, std::string_view what);
/// As people count it: cores and names in whole ones.
[[nodiscard]] double for_people(std::string_view what, std::int64_t amount);

void add(Amounts& to, const Amounts& other);
void subtract(Amounts& from, const Amounts& other);

}  // namespace aion::resource
