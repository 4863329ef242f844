// Compiled with -ffp-contract=off (cmake/rooms.cmake): a fused multiply-add rounds once less.
#include "base/portable_math.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>

namespace aion {
namespace {

// 1/3, 1/5, ... and 1/1, 1/2, ...: divisions would take longer than all the rest.
constexpr auto kOddParts = [] {
  std::array<double, 10> parts{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    parts[i] = 1.0 / static_cast<double>(2 * i + 3);
  }
  return parts;
}();
constexpr auto kParts = [] {
  std::array<double, 14> parts{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    parts[i] = 1.0 / static_cast<double>(i + 1);
  }
  return parts;
}();
// ln 2 in two parts, the first with zeros in its last 21 bits: whole multiples of it are exact.
constexpr double kLn2High = 6.93147180369123816490e-01;
constexpr double kLn2Low = 1.90821492927058770002e-10;

}  // namespace

double portable_log(double x) {
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent);  // exact
  if (mantissa < std::numbers::sqrt2 / 2) {
    mantissa *= 2;
    --exponent;
  }
  // ln m = 2 artanh(s), s = (m - 1) / (m + 1), |s| < 0.172
  const double s = (mantissa - 1) / (mantissa + 1);
  const double square = s * s;
  double sum = 0;
  for (std::size_t i = kOddParts.size(); i-- > 0;) {
    sum = (sum + kOddParts[i]) * square;
  }
  return exponent * kLn2High + (exponent * kLn2Low + 2 * s * (1 + sum));
}

double portable_exp(double x) {
  const double k = std::floor(x / std::numbers::ln2 + 0.5);
  const double rest = (x - k * kLn2High) - k * kLn2Low;  // within ln 2 / 2 of 0
  double sum = 1;
  for (std::size_t i = kParts.size(); i-- > 0;) {
    sum = 1 + rest * kParts[i] * sum;
  }
  return std::ldexp(sum, static_cast<int>(k));
}

std::uint64_t PortableRandom::bits() {
  state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

double PortableRandom::uniform() {
  constexpr unsigned kDropped = 64 - std::numeric_limits<double>::digits;
  return (static_cast<double>(bits() >> kDropped) + 0.5) * 0x1p-53;
}

std::uint64_t PortableRandom::below(std::uint64_t count) {
  // The high half of a product: off by less than count / 2^64.
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<Wide>(bits()) * count) >> 64U);
}

double PortableRandom::exponential() {
  return -portable_log(uniform());
}

double PortableRandom::normal() {
  for (;;) {
    const double x = 2 * uniform() - 1;
    const double y = 2 * uniform() - 1;
    const double square = x * x + y * y;
    if (square < 1) {
      return x * std::sqrt(-2 * portable_log(square) / square);
    }
  }
}

double PortableRandom::gamma(double shape, double scale) {
  const double d = shape - 1.0 / 3;
  const double c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = normal();
    const double root = 1 + c * x;
    if (root <= 0) {
      continue;
    }
    const double v = root * root * root;
    const double luck = uniform();
    const double square = x * x;
    if (luck < 1 - 0.0331 * square * square) {  // their squeeze: nearly always, and no logarithm
      return d * v * scale;
    }
    if (portable_log(luck) < square / 2 + d - d * v + d * portable_log(v)) {
      return d * v * scale;
    }
  }
}

}  // namespace aion
