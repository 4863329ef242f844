// Tensors of the house as values of ONNX Runtime, and back, without copying where memory allows.
#pragma once

#include <memory>
#include <span>

#include "base/result.h"
#include "runtime/backend/onnx/library.h"
#include "tensor/tensor.h"

namespace aion::runtime::onnx {

/// What a run reads: the value, and the memory it looks at where that is not the tensor's own.
struct InputValue {
  ValueHandle value;
  tensor::Buffer copy;  // used when the tensor's memory is not aligned to its elements, or is not
                        // plain host memory
};

/// A value over the tensor's memory, which must outlive it. Strings are copied into the library.
[[nodiscard]] Result<InputValue> to_value(const Library& library, const tensor::Tensor& tensor);

/// A tensor over the value's memory, which the tensor's owner keeps; strings are copied out.
///
/// session  kept alive with the memory: an output that is a constant of the graph is the session's
/// inputs   of the run: an output that is an input passed through is the input's memory
[[nodiscard]] Result<tensor::Tensor> to_tensor(const Library& library,
                                               ValueHandle value,
                                               std::shared_ptr<const void> session,
                                               std::span<const tensor::Tensor> inputs);

}  // namespace aion::runtime::onnx
