#include "tensor/float16.h"

#include <bit>
#include <cmath>

namespace aion::tensor {

namespace {

constexpr std::uint32_t kSign32 = 0x80000000U;
constexpr std::uint16_t kInfinity16 = 0x7c00U;
constexpr std::uint16_t kQuietNan16 = 0x7e00U;

}  // namespace

float float_from_fp16(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000U) << 16U;
  const std::uint32_t exponent = (bits >> 10U) & 0x1fU;
  const std::uint32_t fraction = bits & 0x3ffU;
  if (exponent == 0) {  // zero or subnormal: fraction * 2^-24
    const float magnitude = std::ldexp(static_cast<float>(fraction), -24);
    return sign != 0 ? -magnitude : magnitude;
  }
  if (exponent == 0x1fU) {
    return std::bit_cast<float>(sign | 0x7f800000U | (fraction << 13U));
  }
  return std::bit_cast<float>(sign | ((exponent + 112U) << 23U) | (fraction << 13U));
}

std::uint16_t fp16_from_float(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits & kSign32) >> 16U);
  if (std::isnan(value)) {
    return static_cast<std::uint16_t>(sign | kQuietNan16);
  }
  const float magnitude = std::fabs(value);
  if (magnitude >= 65520.0F) {  // half way between the largest half (65504) and the next step
    return static_cast<std::uint16_t>(sign | kInfinity16);
  }
  if (magnitude < 0x1p-14F) {  // subnormal: the float adder rounds to a multiple of 2^-24 for us
    return static_cast<std::uint16_t>(
        sign | static_cast<std::uint16_t>(std::nearbyint(magnitude * 0x1p24F)));
  }
  const std::uint32_t rebased = std::bit_cast<std::uint32_t>(magnitude) - (112U << 23U);
  const std::uint32_t rounded = rebased + 0xfffU + ((rebased >> 13U) & 1U);
  return static_cast<std::uint16_t>(sign | (rounded >> 13U));
}

float float_from_bf16(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
}

std::uint16_t bf16_from_float(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (std::isnan(value)) {
    return static_cast<std::uint16_t>((bits >> 16U) | 0x40U);
  }
  return static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16U) & 1U)) >> 16U);
}

}  // namespace aion::tensor
