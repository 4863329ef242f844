// Turns the 'data' of an input in JSON into a tensor.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/json_dom.h"
#include "base/result.h"
#include "tensor/tensor.h"

namespace aion::kserve {

/// What an input says of itself before its data.
struct InputHead {
  std::size_t index = 0;  // in 'inputs'
  std::string_view name;
  tensor::DataType dtype = tensor::DataType::Invalid;
  tensor::Shape shape;
};

/// What bounds the memory that a declared shape may ask for.
struct DataLimits {
  std::size_t text_bytes =
      0;  // of the JSON that holds the data: it has at most one element per two bytes
  std::size_t tensor_bytes = 0;  // of one decoded tensor
};

/// The elements, flat or nested up to 100 levels, in row-major order.
///
/// head     its shape is moved into the tensor
/// fails    InvalidArgument that names input, element, range and value when an element is not of
/// the declared type or
///          does not fit it, when the number of elements is not the shape's, or when a limit is
///          passed
[[nodiscard]] Result<tensor::Tensor> tensor_from_json(InputHead& head,
                                                      JsonElement data,
                                                      const DataLimits& limits);

}  // namespace aion::kserve
