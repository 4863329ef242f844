// Tensors of the house as tensors of OpenVINO, and back, without copying where memory allows.
#pragma once

#include <openvino/runtime/tensor.hpp>

#include "base/result.h"
#include "tensor/tensor.h"

namespace aion::runtime::openvino {

/// What a run reads: the library's tensor, and the memory it looks at where that is not the
/// tensor's own.
struct InputValue {
  ov::Tensor value;
  tensor::Buffer copy;  // used when the tensor's memory is not aligned to its elements
};

/// A view of the tensor's memory, which must outlive it. InvalidArgument for a
/// tensor that is not there, or for INT64 and UINT64 elements outside of INT32: the library
/// computes those in 32 bits and would cut them off in silence.
[[nodiscard]] Result<InputValue> to_value(const tensor::Tensor& tensor);

/// A tensor over the value's memory, which it keeps.
[[nodiscard]] tensor::Tensor to_tensor(ov::Tensor value);

}  // namespace aion::runtime::openvino
