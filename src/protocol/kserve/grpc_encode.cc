#include "protocol/kserve/grpc_encode.h"

#include <cstddef>
#include <limits>
#include <string>

#include "protocol/kserve/grpc_parameters.h"

namespace aion::kserve {

namespace {

constexpr std::size_t kMaxMessageBytes = std::numeric_limits<std::int32_t>::max();

/// What the tensors and their names take at least; the few bytes of framing do not matter for the
/// limit.
std::size_t size_of(const serving::InferResponse& response) {
  std::size_t size = 0;
  for (const serving::NamedTensor& output : response.outputs) {
    size += output.name.size() + tensor::wire_size(output.tensor);
  }
  return size;
}

}  // namespace

Result<void> encode_infer(const serving::InferResponse& response,
                          const inference::ModelInferRequest& request,
                          inference::ModelInferResponse& out) {
  constexpr std::size_t kFraming = 64U << 10U;  // more than the heads of any real model's outputs
  if (const std::size_t size = size_of(response); size > kMaxMessageBytes - kFraming) {
    return Error{Code::InvalidArgument,
                 "Response has byte size " + std::to_string(size) +
                     " which exceeds gRPC's byte size limit " + std::to_string(kMaxMessageBytes) +
                     "."};
  }
  out.set_model_name(request.model_name());
  out.set_model_version(std::to_string(response.version));
  out.set_id(request.id());
  if (!response.parameters.empty()) {
    add_parameters(response.parameters, *out.mutable_parameters());
  }
  for (const serving::NamedTensor& output : response.outputs) {
    auto* head = out.add_outputs();
    head->set_name(output.name);
    const std::string_view dtype = tensor::to_string(output.tensor.dtype);
    head->set_datatype(dtype.data(), dtype.size());
    head->mutable_shape()->Add(output.tensor.shape.begin(), output.tensor.shape.end());
    tensor::append_wire(output.tensor, *out.add_raw_output_contents());
  }
  return {};
}

}  // namespace aion::kserve
