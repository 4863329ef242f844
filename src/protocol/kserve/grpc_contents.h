// Turns the typed contents of a gRPC input into a tensor.
#pragma once

#include <memory>
#include <string_view>

#include <protocol/kserve/infer.pb.h>

#include "base/result.h"
#include "tensor/tensor.h"

namespace aion::kserve {

/// One input on its way to become a tensor; what it refers to outlives the call.
struct GrpcInput {
  const inference::ModelInferRequest::InferInputTensor& message;
  std::string_view model;
  tensor::DataType dtype;
  std::size_t count;                         // elements, by the shape
  const std::shared_ptr<const void>& owner;  // keeps the message alive
};

/// The elements. Types that the wire carries in their own width are views of the message; the 8 and
/// 16 bit ones, which ride in 32 bits, are copied.
///
/// fails    InvalidArgument when the field of another type is set, when the number of elements is
/// not the shape's, or when
///          one does not fit the type
[[nodiscard]] Result<tensor::Tensor> tensor_from_contents(const GrpcInput& input);

}  // namespace aion::kserve
