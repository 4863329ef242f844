#include "base/bytes.h"

#include <array>
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

SharedBytes SharedBytes::from(std::string text) {
  auto owner = std::make_shared<const std::string>(std::move(text));
  const auto* data = reinterpret_cast<const std::byte*>(owner->data());
  const std::size_t size = owner->size();
  return {data, size, std::move(owner)};
}

}  // namespace aion
