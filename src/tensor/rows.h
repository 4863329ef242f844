// Tensors as rows: joined one behind the other along the first extent, and cut apart again.
#pragma once

#include <cstdint>
#include <span>

#include "tensor/tensor.h"

namespace aion::tensor {

/// The first extent; 0 for a scalar.
[[nodiscard]] std::int64_t row_count(const Tensor& tensor);

/// Whether the two differ in their first extents alone.
[[nodiscard]] bool has_same_rows(const Tensor& a, const Tensor& b);

/// The rows of all, copied into one tensor. `parts` is not empty, every two of them
/// has_same_rows(), and none is a scalar.
[[nodiscard]] Tensor join_rows(std::span<const Tensor* const> parts);

/// `count` rows from row `begin`, which the tensor must have. Elements of a fixed size are not
/// copied: the result shares the tensor's memory.
[[nodiscard]] Tensor rows_of(const Tensor& tensor, std::int64_t begin, std::int64_t count);

}  // namespace aion::tensor
