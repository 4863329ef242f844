// The best classes of an output, as text: Triton's classification extension.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "tensor/tensor.h"

namespace aion::serving {

/// Whether an output of this type can be ranked: all numbers but those of 16 bits.
[[nodiscard]] bool can_be_ranked(tensor::DataType dtype);

/// The `count` largest elements of each row, largest first, as BYTES "<value>:<index>" or
/// "<value>:<index>:<label>"; of equal elements the first. With rows the shape is [rows, count],
/// without them [count]; fewer where there are fewer elements. `labels` by index; where there is
/// none, there is no label.
///
/// fails    InvalidArgument for more than 1,000,000 elements
[[nodiscard]] Result<tensor::Tensor> best_classes(const tensor::Tensor& output,
                                                  std::uint64_t count,
                                                  bool has_rows,
                                                  std::span<const std::string> labels);

}  // namespace aion::serving
