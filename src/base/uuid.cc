#include "base/uuid.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <mutex>
#include <random>

namespace aion {

namespace {

constexpr std::size_t kLength = 36;
constexpr std::uint64_t kCounterBits = 12;  // "rand_a"

constexpr bool is_dash(std::size_t at) {
  return at == 8 || at == 13 || at == 18 || at == 23;
}

/// Milliseconds and the counter behind them, always growing (RFC 9562, section 6.2, method 1): a
/// counter that runs over takes the next millisecond.
std::uint64_t next_stamp(std::uint64_t milliseconds) {
  static std::mutex mutex;
  static std::uint64_t last = 0;
  const std::scoped_lock lock(mutex);
  last = std::max(last + 1, milliseconds << kCounterBits);
  return last;
}

std::uint64_t random_bits() {
  thread_local std::random_device device;
  return (std::uint64_t{device()} << 32U) | device();
}

}  // namespace

std::string new_uuid(std::chrono::system_clock::time_point now) {
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
  const std::uint64_t stamp =
      next_stamp(static_cast<std::uint64_t>(std::max<std::int64_t>(since.count(), 0)));
  const std::uint64_t time = stamp >> kCounterBits;
  const std::uint64_t counter = stamp & ((1U << kCounterBits) - 1);
  const std::uint64_t high = (time << 16U) | 0x7000U | counter;
  const std::uint64_t low = (random_bits() >> 2U) | (std::uint64_t{1} << 63U);

  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(kLength);
  for (unsigned digit = 0; digit < 32; ++digit) {
    if (is_dash(text.size())) {
      text += '-';
    }
    const std::uint64_t half = digit < 16 ? high : low;
    text += kDigits[(half >> (60U - (4U * (digit % 16U)))) & 0xfU];
  }
  return text;
}

bool is_uuid(std::string_view text) {
  if (text.size() != kLength) {
    return false;
  }
  for (std::size_t at = 0; at < kLength; ++at) {
    const char c = text[at];
    const bool is_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (is_dash(at) ? c != '-' : !is_digit) {
      return false;
    }
  }
  return true;
}

}  // namespace aion
