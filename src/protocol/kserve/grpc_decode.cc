#include "protocol/kserve/grpc_decode.h"

#include <charconv>
#include <utility>

#include "protocol/kserve/grpc_contents.h"
#include "protocol/kserve/grpc_parameters.h"
#include "protocol/kserve/infer_fault.h"

namespace aion::kserve {

namespace {

using inference::ModelInferRequest;
using tensor::Buffer;
using tensor::DataType;
using tensor::Tensor;
using InputMessage = ModelInferRequest::InferInputTensor;

Error empty_name(std::string_view list, int index) {
  return Error{Code::InvalidArgument,
               "field 'name' of " + indexed(list, static_cast<std::size_t>(index)) +
                   " is empty, expected a name"};
}

/// Reads the inputs of one message in their order, because raw contents are matched by position.
class InputReader {
 public:
  InputReader(const ModelInferRequest& message, const std::shared_ptr<const void>& owner)
      : message_(message), owner_(owner) {}

  Result<std::vector<serving::NamedTensor>> read() {
    std::vector<serving::NamedTensor> inputs;
    inputs.reserve(static_cast<std::size_t>(message_.inputs_size()));
    for (int i = 0; i < message_.inputs_size(); ++i) {
      const InputMessage& input = message_.inputs(i);
      if (input.name().empty()) {
        return empty_name("inputs", i);
      }
      AION_TRY(Tensor tensor, read_input(input));
      inputs.push_back({input.name(), std::move(tensor)});
    }
    if (next_raw_ != message_.raw_input_contents_size()) {
      return Error{Code::InvalidArgument,
                   "raw_input_contents of the request for model " +
                       in_quotes(message_.model_name()) + " has " +
                       std::to_string(message_.raw_input_contents_size()) +
                       " elements, expected one for each of the " +
                       std::to_string(message_.inputs_size()) + " inputs"};
    }
    return inputs;
  }

 private:
  [[nodiscard]] bool is_raw() const { return message_.raw_input_contents_size() > 0; }

  [[nodiscard]] std::string input_of_model(const InputMessage& input) const {
    return in_quotes(input.name()) + " for model " + in_quotes(message_.model_name());
  }

  Result<Tensor> read_input(const InputMessage& input) {
    if (!input.parameters().empty()) {
      AION_TRY_VOID(check_input_parameters(input.parameters(), input.name()));
    }
    const auto dtype = tensor::parse_dtype(input.datatype());
    if (!dtype) {
      return in_context("field 'datatype' of input " + input_of_model(input), dtype.error());
    }
    const auto count =
        tensor::element_count({input.shape().data(), static_cast<std::size_t>(input.shape_size())});
    if (!count) {
      return in_context("input " + input_of_model(input), count.error());
    }
    if (is_raw()) {
      return read_raw(input, *dtype);
    }
    return tensor_from_contents(
        {input, message_.model_name(), *dtype, static_cast<std::size_t>(*count), owner_});
  }

  Result<Tensor> read_raw(const InputMessage& input, DataType dtype) {
    if (input.has_contents()) {
      return Error{Code::InvalidArgument,
                   "contents field must not be specified when using raw_input_contents for " +
                       input_of_model(input)};
    }
    if (next_raw_ == message_.raw_input_contents_size()) {
      return Error{
          Code::InvalidArgument,
          "unable to find data for input tensor " + input_of_model(input) + " in request."};
    }
    const std::string& raw = message_.raw_input_contents(next_raw_++);
    const auto* data = reinterpret_cast<const std::byte*>(raw.data());
    tensor::Shape shape(input.shape().begin(), input.shape().end());
    if (dtype != DataType::Bytes) {
      return Tensor{dtype,
                    std::move(shape),
                    Buffer{data, raw.size(), tensor::MemoryKind::Host, 0, owner_},
                    nullptr};
    }
    Result<Tensor> strings = tensor::bytes_from_wire({data, raw.size()}, std::move(shape));
    return strings ? std::move(strings)
                   : in_context("input " + input_of_model(input), std::move(strings).error());
  }

  const ModelInferRequest& message_;
  const std::shared_ptr<const void>& owner_;
  int next_raw_ = 0;
};

Result<void> read_outputs(const ModelInferRequest& message, serving::InferRequest& request) {
  std::vector<std::string>& outputs = request.outputs;
  outputs.reserve(static_cast<std::size_t>(message.outputs_size()));
  for (int i = 0; i < message.outputs_size(); ++i) {
    const auto& output = message.outputs(i);
    if (output.name().empty()) {
      return empty_name("outputs", i);
    }
    if (!output.parameters().empty()) {
      AION_TRY(const std::uint64_t classes,
               read_output_parameters(output.parameters(), output.name()));
      if (classes > 0) {
        request.classes[output.name()] = classes;
      }
    }
    outputs.push_back(output.name());
  }
  return {};
}

}  // namespace

Result<std::int64_t> version_of(std::string_view model, std::string_view text) {
  std::int64_t number = 0;
  if (text.empty()) {
    return number;
  }
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size() || number < 1) {
    return Error{Code::NotFound,
                 "Request for unknown model: " + in_quotes(model) + " version " +
                     std::string(text.substr(0, 64)) + " is not found"};
  }
  return number;
}

Result<DecodedGrpcInfer> decode_infer(const ModelInferRequest& message,
                                      const std::shared_ptr<const void>& owner) {
  if (message.model_name().empty()) {
    return Error{Code::InvalidArgument,
                 "field 'model_name' of the request is empty, expected the name of a model"};
  }
  DecodedGrpcInfer decoded;
  serving::InferRequest& request = decoded.request;
  request.model = message.model_name();
  request.id = message.id();
  AION_TRY(request.version, version_of(message.model_name(), message.model_version()));
  if (!message.parameters().empty()) {
    AION_TRY(GrpcRequestParameters parameters, read_request_parameters(message.parameters()));
    request.parameters = std::move(parameters.custom);
    request.priority = parameters.priority;
    request.timeout = parameters.timeout;
    request.deadline = parameters.deadline;
    request.criticality = parameters.criticality;
    decoded.wants_empty_final = parameters.wants_empty_final;
  }
  AION_TRY(request.inputs, InputReader(message, owner).read());
  AION_TRY_VOID(read_outputs(message, request));
  return decoded;
}

}  // namespace aion::kserve
