// The element types of tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace aion::tensor {

/// Open Inference Protocol v2, "Tensor Data Types", and BF16 of Triton.
enum class DataType : std::uint8_t {
  Invalid,
  Bool,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
  Int8,
  Int16,
  Int32,
  Int64,
  Fp16,
  Bf16,
  Fp32,
  Fp64,
  Bytes,  // variable length: see Tensor
};

/// The protocol's name: "FP32", "BYTES"; "INVALID" for Invalid.
[[nodiscard]] std::string_view to_string(DataType dtype);

/// The type of that name, or InvalidArgument that lists the known ones.
[[nodiscard]] Result<DataType> parse_dtype(std::string_view name);

/// Bytes of one element; 0 for Bytes and Invalid.
[[nodiscard]] std::size_t element_size(DataType dtype);

}  // namespace aion::tensor
