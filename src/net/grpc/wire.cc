#include "net/grpc/wire.h"

#include <charconv>
#include <cstdint>

namespace aion::net {

namespace {

std::optional<Duration> unit_of(char sign) {
  switch (sign) {
    case 'H':
      return std::chrono::hours(1);
    case 'M':
      return std::chrono::minutes(1);
    case 'S':
      return std::chrono::seconds(1);
    case 'm':
      return std::chrono::milliseconds(1);
    case 'u':
      return std::chrono::microseconds(1);
    case 'n':
      return std::chrono::nanoseconds(1);
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<Duration> parse_grpc_timeout(std::string_view text) {
  constexpr std::size_t kMostDigits = 8;
  if (text.size() < 2 || text.size() > kMostDigits + 1) {
    return std::nullopt;
  }
  const std::optional<Duration> unit = unit_of(text.back());
  std::uint32_t count = 0;
  const char* const end = text.data() + text.size() - 1;
  const auto [stopped, failed] = std::from_chars(text.data(), end, count);
  if (!unit || failed != std::errc() || stopped != end) {
    return std::nullopt;
  }
  // 99999999 hours are more than the clock can count.
  return count > Duration::max() / *unit ? Duration::max() : *unit * count;
}

std::string percent_encoded(std::string_view message) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(message.size());
  for (const char c : message) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte <= 0x7E && c != '%') {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kHex[byte >> 4U];
      encoded += kHex[byte & 0x0FU];
    }
  }
  return encoded;
}

}  // namespace aion::net
