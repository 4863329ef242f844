#include "base/bytes.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <utility>

namespace aion {

std::string to_string(Bytes bytes) {
  constexpr std::array<const char*, 6> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes.count < 1024) {
    return std::to_string(bytes.count) + " B";
  }
  auto value = static_cast<double>(bytes.count);
  std::size_t unit = 0;
  while (value >= 1024.0 && unit + 1 < kUnits.size()) {
    value /= 1024.0;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %s", value, kUnits[unit]);
  return text.data();
}

Result<Bytes> parse_bytes(std::string_view text) {
  struct Unit {
    std::string_view suffix;
    double bytes;
  };
  constexpr double kKibi = 1024;
  constexpr double kKilo = 1000;
  constexpr std::array<Unit, 10> kUnits = {{{"", 1},
                                            {"B", 1},
                                            {"KiB", kKibi},
                                            {"MiB", kKibi * kKibi},
                                            {"GiB", kKibi * kKibi * kKibi},
                                            {"TiB", kKibi * kKibi * kKibi * kKibi},
                                            {"kB", kKilo},
                                            {"MB", kKilo * kKilo},
                                            {"GB", kKilo * kKilo * kKilo},
                                            {"TB", kKilo * kKilo * kKilo * kKilo}}};
  constexpr double kMost = 1ULL << 50U;
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  std::string_view suffix(read.ptr, end);
  suffix.remove_prefix(suffix.starts_with(' ') ? 1 : 0);
  const auto* const unit = std::ranges::find(kUnits, suffix, &Unit::suffix);
  if (read.ec == std::errc{} && unit != kUnits.end() && number >= 0 &&
      number * unit->bytes <= kMost) {
    return Bytes{static_cast<std::uint64_t>(std::llround(number * unit->bytes))};
  }
  return Error{
      Code::InvalidArgument,
      "expected a size such as 512MiB or 2GiB, at most 1024TiB, got '" + std::string(text) + "'"};
}

SharedBytes SharedBytes::from(std::string text) {
  auto owner = std::make_shared<const std::string>(std::move(text));
  const auto* data = reinterpret_cast<const std::byte*>(owner->data());
  const std::size_t size = owner->size();
  return {data, size, std::move(owner)};
}

}  // namespace aion
