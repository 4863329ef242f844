#include "protocol/kserve/infer_shortest.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace aion::kserve {

namespace {

constexpr int kLeastPower = -31;
constexpr int kMostPower = 45;

/// A whole number of 256 bits, least significant limb first.
using Wide = std::array<std::uint32_t, 8>;

constexpr void divide_by_ten(Wide& number) {
  std::uint64_t rest = 0;
  for (std::size_t i = number.size(); i-- > 0;) {
    const std::uint64_t part = rest << 32U | number[i];
    number[i] = static_cast<std::uint32_t>(part / 10);
    rest = part % 10;
  }
}

constexpr void multiply_by_ten(Wide& number) {
  std::uint64_t carry = 0;
  for (std::uint32_t& limb : number) {
    const std::uint64_t part = std::uint64_t{limb} * 10 + carry;
    limb = static_cast<std::uint32_t>(part);
    carry = part >> 32U;
  }
}

/// The 64 leading bits, rounded up if anything is behind them.
constexpr std::uint64_t leading_bits(const Wide& number, bool is_inexact) {
  std::size_t top = number.size() - 1;
  while (number[top] == 0) {
    --top;
  }
  const auto limb = [&](std::size_t below) {
    return below <= top ? std::uint64_t{number[top - below]} : 0;
  };
  const auto shift = static_cast<unsigned>(std::countl_zero(number[top]));
  const std::uint64_t first_two = limb(0) << 32U | limb(1);
  const std::uint64_t bits = shift == 0 ? first_two : first_two << shift | limb(2) >> (32U - shift);
  bool has_rest = is_inexact || static_cast<std::uint32_t>(limb(2) << shift) != 0;
  for (std::size_t below = 3; below <= top; ++below) {
    has_rest = has_rest || limb(below) != 0;
  }
  return has_rest ? bits + 1 : bits;
}

/// 10^e for e from kLeastPower, scaled to [2^63, 2^64) and rounded up.
constexpr std::array<std::uint64_t, kMostPower - kLeastPower + 1> powers_of_ten() {
  std::array<std::uint64_t, kMostPower - kLeastPower + 1> powers{};
  Wide number{};
  number[7] = 1U << 31U;
  for (int e = -1; e >= kLeastPower; --e) {
    divide_by_ten(number);  // dividing the rounded-down quotient again loses nothing
    powers[static_cast<std::size_t>(e - kLeastPower)] = leading_bits(number, true);
  }
  number = Wide{1};
  for (int e = 0; e <= kMostPower; ++e) {
    powers[static_cast<std::size_t>(e - kLeastPower)] = leading_bits(number, false);
    multiply_by_ten(number);
  }
  return powers;
}

constexpr auto kPowersOfTen = powers_of_ten();

// Logarithms of powers as scaled integers, exact in the range of a float's exponents.
constexpr int floor_log10_of_power_of_2(int e) {
  return (e * 1262611) >> 22;
}
constexpr int floor_log10_of_three_quarters_power_of_2(int e) {
  return (e * 1262611 - 524031) >> 22;
}
constexpr int floor_log2_of_power_of_10(int e) {
  return (e * 1741647) >> 19;
}

/// The upper half of power * factor / 2^32, with its last bit set if it was not exact.
std::uint32_t rounded_to_odd(std::uint64_t power, std::uint32_t factor) {
  const auto product = static_cast<unsigned __int128>(power) * factor;
  const auto upper = static_cast<std::uint32_t>(product >> 64U);
  const auto lower = static_cast<std::uint32_t>(product >> 32U);
  return upper | (lower > 1 ? 1U : 0U);
}

/// digits * 10^exponent
struct Decimal {
  std::uint32_t digits;
  int exponent;
};

/// The shortest decimal in the interval that rounds to significand * 2^exponent. Variables are
/// named as in the paper, scaled by 4.
Decimal shortest(std::uint32_t significand, int exponent, bool is_lower_closer) {
  const std::uint32_t is_odd = significand & 1U;
  const int k = is_lower_closer ? floor_log10_of_three_quarters_power_of_2(exponent)
                                : floor_log10_of_power_of_2(exponent);
  const int h = exponent + floor_log2_of_power_of_10(-k) + 1;
  const std::uint64_t power = kPowersOfTen[static_cast<std::size_t>(-k - kLeastPower)];
  const std::uint32_t center = 4 * significand;
  const std::uint32_t v = rounded_to_odd(power, center << h);
  const std::uint32_t lower =
      rounded_to_odd(power, (center - (is_lower_closer ? 1U : 2U)) << h) + is_odd;
  const std::uint32_t upper = rounded_to_odd(power, (center + 2) << h) - is_odd;
  const std::uint32_t s = v / 4;
  if (s >= 10) {
    const std::uint32_t tens = s / 10;
    const bool is_below_inside = lower <= 40 * tens;
    const bool is_above_inside = 40 * tens + 40 <= upper;
    if (is_below_inside != is_above_inside) {
      return {tens + (is_above_inside ? 1U : 0U), k + 1};
    }
  }
  const bool is_below_inside = lower <= 4 * s;
  const bool is_above_inside = 4 * s + 4 <= upper;
  if (is_below_inside != is_above_inside) {
    return {s + (is_above_inside ? 1U : 0U), k};
  }
  const std::uint32_t middle = 4 * s + 2;
  const bool rounds_up = v > middle || (v == middle && (s & 1U) != 0);
  return {s + (rounds_up ? 1U : 0U), k};
}

Decimal decimal_of(std::uint32_t bits) {
  const std::uint32_t fraction = bits & 0x7FFFFFU;
  const auto biased = static_cast<int>(bits >> 23U & 0xFFU);
  if (biased == 0) {
    return shortest(fraction, -149, false);
  }
  return shortest(fraction | 0x800000U, biased - 150, fraction == 0 && biased > 1);
}

/// Up to 16 characters, the first in the lowest byte. In registers: characters that are written one
/// by one and read together a moment later make the processor wait.
using Text = unsigned __int128;

constexpr unsigned kBitsOfChar = 8;

/// Writes all 16, whatever they are: whoever calls has the room, and goes on where it wants.
void put(Text text, char* at) {
  std::memcpy(at, &text, sizeof(text));
}

/// The eight digits of a number below 10^8, each in its byte, the first in the lowest. Halves,
/// quarters and eighths of the word are divided at once.
std::uint64_t eight_digits(std::uint32_t number) {
  std::uint64_t digits = number / 10'000 | std::uint64_t{number % 10'000} << 32U;
  const std::uint64_t hundreds = (digits * 10'486 >> 20U) & 0x7F0000007F;
  digits = hundreds | (digits - hundreds * 100) << 16U;
  const std::uint64_t tens = (digits * 103 >> 10U) & 0x000F000F000F000F;
  return tens | (digits - tens * 10) << 8U;
}

/// The digits of a number from 1 to 999,999,999.
struct Digits {
  explicit Digits(std::uint32_t number) {
    constexpr std::uint32_t kEightDigits = 100'000'000;
    constexpr std::uint64_t kAscii = 0x3030303030303030;
    const std::uint32_t first = number / kEightDigits;
    const std::uint64_t rest = eight_digits(number % kEightDigits);
    const auto after_first = static_cast<unsigned>(std::countr_zero(rest)) / kBitsOfChar;
    // Nine digits less the zeros before them; without a branch that nobody can foresee.
    const unsigned zeros = first > 0 ? 0 : after_first + 1;
    const Text nine = Text{rest | kAscii} << kBitsOfChar | ('0' + first);
    text = nine >> (zeros * kBitsOfChar);
    count = static_cast<int>(9 - zeros);
  }

  [[nodiscard]] char front() const { return static_cast<char>(text); }
  /// From position `first` on.
  [[nodiscard]] Text from(int first) const {
    return text >> (static_cast<unsigned>(first) * kBitsOfChar);
  }

  Text text = 0;
  int count = 0;
};

constexpr Text kZeros = Text{0x3030303030303030} << 64U | 0x3030303030303030;

/// One digit, a point, the rest, and the exponent of ten.
char* put_scientific(const Digits& digits, int exponent, char* at) {
  *at++ = digits.front();
  if (digits.count > 1) {
    *at++ = '.';
    put(digits.from(1), at);
    at += digits.count - 1;
  }
  *at++ = 'e';
  *at++ = exponent < 0 ? '-' : '+';
  const int size = exponent < 0 ? -exponent : exponent;
  *at++ = static_cast<char>('0' + size / 10);
  *at++ = static_cast<char>('0' + size % 10);
  return at;
}

}  // namespace

char* write_shortest(float value, char* at) {
  constexpr int kLeastFixed = -4;  // smaller and larger powers of ten are written with an exponent
  constexpr int kMostFixed = 9;
  const auto bits = std::bit_cast<std::uint32_t>(value);
  *at = '-';
  at += bits >> 31U;
  if (bits << 1U == 0) {
    std::memcpy(at, "0.0", 3);
    return at + 3;
  }
  Decimal decimal = decimal_of(bits);
  while (decimal.digits % 10 == 0) {
    decimal.digits /= 10;
    ++decimal.exponent;
  }
  const Digits digits(decimal.digits);
  const int point = digits.count + decimal.exponent;  // so many digits stand before it
  if (point <= kLeastFixed || point > kMostFixed) {
    return put_scientific(digits, point - 1, at);
  }
  if (point <= 0) {
    put(kZeros, at);
    at[1] = '.';
    at += 2 - point;
    put(digits.text, at);
    return at + digits.count;
  }
  put(digits.text, at);
  if (digits.count <= point) {
    put(kZeros, at + digits.count);
    at[point] = '.';
    return at + point + 2;
  }
  at[point] = '.';
  put(digits.from(point), at + point + 1);
  return at + digits.count + 1;
}

}  // namespace aion::kserve
