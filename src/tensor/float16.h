// Half-precision numbers and bfloat16, to and from float.
#pragma once

#include <cstdint>

namespace aion::tensor {

/// IEEE 754 binary16 bits to float; exact.
[[nodiscard]] float float_from_fp16(std::uint16_t bits);
/// Rounds to nearest, ties to even; a finite value too large becomes infinity.
[[nodiscard]] std::uint16_t fp16_from_float(float value);

/// bfloat16 bits (the upper half of a binary32) to float; exact.
[[nodiscard]] float float_from_bf16(std::uint16_t bits);
/// Rounds to nearest, ties to even; NaN stays NaN.
[[nodiscard]] std::uint16_t bf16_from_float(float value);

}  // namespace aion::tensor
