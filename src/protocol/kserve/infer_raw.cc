#include "protocol/kserve/infer_raw.h"

#include <algorithm>
#include <string>
#include <utility>

namespace aion::kserve {

namespace {

Error refusal(const InferTarget& target, const std::string& why) {
  return Error{Code::InvalidArgument,
               "the raw binary request for model '" + std::string(target.model) +
                   "' cannot be read: " + why};
}

/// The shape with its open extent, if any, replaced by what the size of the body says.
Result<tensor::Shape> closed_shape(const catalog::TensorSpec& spec,
                                   std::size_t bytes,
                                   const InferTarget& target) {
  const auto is_open = [](auto extent) {
    return extent < 0;
  };
  tensor::Shape shape = spec.shape;
  if (target.has_rows && !shape.empty()) {
    shape.front() = 1;  // the body is one row
  }
  if (std::count_if(shape.begin(), shape.end(), is_open) > 1) {
    return refusal(target,
                   "input '" + spec.name + "' has shape " + tensor::to_string(spec.shape) +
                       "; at most one extent may be open");
  }
  const auto open = std::find_if(shape.begin(), shape.end(), is_open);
  if (open == shape.end()) {
    return shape;
  }
  *open = 1;
  AION_TRY(const std::int64_t step, tensor::element_count(shape));
  const std::size_t step_bytes = static_cast<std::size_t>(step) * tensor::element_size(spec.dtype);
  if (step_bytes == 0 || bytes % step_bytes != 0) {
    return refusal(target,
                   "input '" + spec.name + "' needs a multiple of " + std::to_string(step_bytes) +
                       " bytes; got " + std::to_string(bytes));
  }
  *open = static_cast<std::int64_t>(bytes / step_bytes);
  return shape;
}

Result<tensor::Tensor> one_element(const catalog::TensorSpec& spec,
                                   const SharedBytes& body,
                                   const InferTarget& target) {
  tensor::Shape shape = spec.shape;
  std::replace_if(
      shape.begin(), shape.end(), [](auto extent) { return extent < 0; }, 1);
  if (std::any_of(shape.begin(), shape.end(), [](auto extent) { return extent != 1; })) {
    return refusal(target,
                   "input '" + spec.name + "' has shape " + tensor::to_string(spec.shape) +
                       "; BYTES needs a shape of one element");
  }
  const std::string_view whole = body.text();
  return tensor::bytes_from_values(std::span(&whole, 1), std::move(shape));
}

}  // namespace

Result<serving::InferRequest> raw_request(const SharedBytes& body, const InferTarget& target) {
  if (target.signature.inputs.size() != 1) {
    return refusal(target,
                   "the model must have exactly one input; it has " +
                       std::to_string(target.signature.inputs.size()));
  }
  const catalog::TensorSpec& spec = target.signature.inputs.front();
  serving::InferRequest request;
  request.model = target.model;
  request.version = target.version;
  serving::NamedTensor input{spec.name, {}};
  if (spec.dtype == tensor::DataType::Bytes) {
    AION_TRY(input.tensor, one_element(spec, body, target));
  } else {
    AION_TRY(tensor::Shape shape, closed_shape(spec, body.size, target));
    input.tensor = tensor::Tensor{spec.dtype, std::move(shape), tensor::Buffer::of(body), nullptr};
  }
  request.inputs.push_back(std::move(input));
  return request;
}

}  // namespace aion::kserve
