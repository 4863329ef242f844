#include "protocol/kserve/infer_shortest.h"

#include <array>
#include <bit>
#include <charconv>
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

char* put(const char* text, int count, char* at) {
  std::memcpy(at, text, static_cast<std::size_t>(count));
  return at + count;
}

char* put_zeros(int count, char* at) {
  std::memset(at, '0', static_cast<std::size_t>(count));
  return at + count;
}

/// One digit, a point, the rest, and the exponent of ten.
char* put_scientific(const char* digits, int count, int exponent, char* at) {
  *at++ = digits[0];
  if (count > 1) {
    *at++ = '.';
    at = put(digits + 1, count - 1, at);
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
  if (bits >> 31U != 0) {
    *at++ = '-';
  }
  if (bits << 1U == 0) {
    return put("0.0", 3, at);
  }
  Decimal decimal = decimal_of(bits);
  while (decimal.digits % 10 == 0) {
    decimal.digits /= 10;
    ++decimal.exponent;
  }
  std::array<char, 12> digits;
  const auto count = static_cast<int>(
      std::to_chars(digits.data(), digits.data() + digits.size(), decimal.digits).ptr -
      digits.data());
  const int point = count + decimal.exponent;  // so many digits stand before it
  if (point <= kLeastFixed || point > kMostFixed) {
    return put_scientific(digits.data(), count, point - 1, at);
  }
  if (point <= 0) {
    return put(digits.data(), count, put_zeros(-point, put("0.", 2, at)));
  }
  if (count <= point) {
    return put(".0", 2, put_zeros(point - count, put(digits.data(), count, at)));
  }
  at = put(digits.data(), point, at);
  *at++ = '.';
  return put(digits.data() + point, count - point, at);
}

}  // namespace aion::kserve
