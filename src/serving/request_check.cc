#include "serving/request_check.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "serving/classification.h"

namespace aion::serving {

namespace {

using catalog::Signature;
using catalog::TensorSpec;
using tensor::Tensor;

constexpr auto kBatchNote =
    "NOTE: the model has a non-zero max_batch_size, so the first extent of every shape is the "
    "batch size.";

Error refusal(const InferRequest& request, const std::string& message) {
  return Error{Code::InvalidArgument, id_prefix(request.id) + message};
}

template <class Specs>
std::size_t position_of(const Specs& specs, std::string_view name) {
  std::size_t at = 0;
  while (at < specs.size() && specs[at].name != name) {
    ++at;
  }
  return at;
}

bool shape_fits(const tensor::Shape& expected, const tensor::Shape& got) {
  if (expected.size() != got.size()) {
    return false;
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] >= 0 && expected[i] != got[i]) {
      return false;
    }
  }
  return true;
}

Result<void> check_size(const InferRequest& request, const TensorSpec& spec, const Tensor& tensor) {
  AION_TRY(const std::int64_t count, tensor::element_count(tensor.shape));
  if (tensor.dtype == tensor::DataType::Bytes) {
    const std::size_t got = tensor.offsets ? tensor.offsets->size() - 1 : 0;
    if (got != static_cast<std::size_t>(count)) {
      return refusal(request,
                     "expected " + std::to_string(count) +
                         " string elements for inference input '" + spec.name + "' for model '" +
                         request.model + "', got " + std::to_string(got));
    }
    return {};
  }
  std::size_t expected = 0;
  if (__builtin_mul_overflow(
          static_cast<std::size_t>(count), tensor::element_size(tensor.dtype), &expected)) {
    return refusal(request, "input '" + spec.name + "' has more bytes than this machine can count");
  }
  if (expected != tensor.data.bytes) {
    return refusal(request,
                   "input byte size mismatch for input '" + spec.name + "' for model '" +
                       request.model + "'. Expected " + std::to_string(expected) + ", got " +
                       std::to_string(tensor.data.bytes));
  }
  return {};
}

Result<void> check_tensor(const catalog::ModelVersion& version,
                          const InferRequest& request,
                          const TensorSpec& spec,
                          const Tensor& tensor) {
  if (tensor.dtype != spec.dtype) {
    return refusal(request,
                   "inference input '" + spec.name + "' data-type is '" +
                       std::string(to_string(tensor.dtype)) + "', but model '" + request.model +
                       "' expects '" + std::string(to_string(spec.dtype)) + "'");
  }
  if (!shape_fits(spec.shape, tensor.shape)) {
    return refusal(request,
                   "unexpected shape for input '" + spec.name + "' for model '" + request.model +
                       "'. Expected " + tensor::to_string(spec.shape) + ", got " +
                       tensor::to_string(tensor.shape) + ". " +
                       (version.max_batch_size > 0 ? kBatchNote : ""));
  }
  return check_size(request, spec, tensor);
}

std::string quoted_list(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    list.append(list.empty() ? "'" : ",'").append(name).append("'");
  }
  return "[" + list + "]";
}

bool is_given(const InferRequest& request, const TensorSpec& spec) {
  return std::any_of(request.inputs.begin(), request.inputs.end(), [&](const NamedTensor& input) {
    return input.name == spec.name;
  });
}

/// Looks at the number of inputs first, as Triton does.
Result<void> check_count(const Signature& signature, const InferRequest& request) {
  std::vector<std::string> missing;
  std::size_t required = 0;
  for (const TensorSpec& spec : signature.inputs) {
    required += spec.is_optional ? 0 : 1;
    if (!spec.is_optional && !is_given(request, spec)) {
      missing.push_back(spec.name);
    }
  }
  const std::size_t got = request.inputs.size();
  if (got >= required && got <= signature.inputs.size()) {
    return {};
  }
  std::vector<std::string> names;
  for (const NamedTensor& input : request.inputs) {
    names.push_back(input.name);
  }
  std::string message = "expected " +
                        std::to_string(got < required ? required : signature.inputs.size()) +
                        " inputs but got " + std::to_string(got) + " inputs for model '" +
                        request.model + "'. Got input(s) " + quoted_list(names);
  if (!missing.empty()) {
    message += ", but missing required input(s) " + quoted_list(missing) +
               ". Please provide all required input(s)";
  }
  return refusal(request, message + ".");
}

Result<void> place_inputs(const catalog::ModelVersion& version,
                          InferRequest& request,
                          CheckedRequest& checked) {
  const Signature& signature = version.signature;
  AION_TRY_VOID(check_count(signature, request));
  std::vector<Tensor>& placed = checked.batch.inputs;
  placed.resize(signature.inputs.size());
  for (NamedTensor& input : request.inputs) {
    const std::size_t at = position_of(signature.inputs, input.name);
    if (at == signature.inputs.size()) {
      return Error{
          Code::InvalidArgument,
          "unexpected inference input '" + input.name + "' for model '" + request.model + "'"};
    }
    if (placed[at].is_present()) {
      return refusal(
          request,
          "input '" + input.name + "' is given more than once for model '" + request.model + "'");
    }
    AION_TRY_VOID(check_tensor(version, request, signature.inputs[at], input.tensor));
    checked.input_bytes += input.tensor.data.bytes;
    placed[at] = std::move(input.tensor);
  }
  for (std::size_t i = 0; i < placed.size(); ++i) {
    if (!placed[i].is_present() && !signature.inputs[i].is_optional) {
      return refusal(request,
                     "required input '" + signature.inputs[i].name + "' is missing for model '" +
                         request.model + "'");
    }
  }
  return {};
}

Result<void> place_outputs(const Signature& signature,
                           const InferRequest& request,
                           CheckedRequest& checked) {
  std::vector<std::uint32_t>& wanted = checked.batch.outputs;
  wanted.reserve(signature.outputs.size());
  if (request.outputs.empty()) {
    for (std::uint32_t i = 0; i < signature.outputs.size(); ++i) {
      wanted.push_back(i);
    }
    return {};
  }
  for (const std::string& name : request.outputs) {
    const std::size_t at = position_of(signature.outputs, name);
    if (at == signature.outputs.size()) {
      return Error{Code::InvalidArgument,
                   "unexpected inference output '" + name + "' for model '" + request.model + "'"};
    }
    if (std::find(wanted.begin(), wanted.end(), at) != wanted.end()) {
      return refusal(request, "output '" + name + "' is asked for more than once");
    }
    wanted.push_back(static_cast<std::uint32_t>(at));
  }
  return {};
}

Result<void> place_classes(const Signature& signature,
                           const InferRequest& request,
                           CheckedRequest& checked) {
  if (request.classes.empty()) {
    return {};
  }
  for (const std::uint32_t output : checked.batch.outputs) {
    const TensorSpec& spec = signature.outputs[output];
    const auto wanted = request.classes.find(spec.name);
    if (wanted != request.classes.end() && !can_be_ranked(spec.dtype)) {
      return refusal(request,
                     "output '" + spec.name + "' of model '" + request.model +
                         "' cannot be classified: its data-type is '" +
                         std::string(to_string(spec.dtype)) + "'");
    }
    checked.classes.push_back(wanted == request.classes.end() ? 0 : wanted->second);
  }
  return {};
}

Result<void> check_rows(const catalog::ModelVersion& version,
                        const InferRequest& request,
                        const CheckedRequest& checked) {
  for (std::size_t i = 0; i < checked.batch.inputs.size(); ++i) {
    const Tensor& input = checked.batch.inputs[i];
    const bool has_row_count = !input.shape.empty();
    if (input.is_present() &&
        (!has_row_count || static_cast<std::uint64_t>(input.shape[0]) != checked.batch_size)) {
      return refusal(request,
                     "input '" + version.signature.inputs[i].name +
                         "' batch size does not match other inputs for '" + version.name + "'");
    }
  }
  if (checked.batch_size > static_cast<std::uint64_t>(version.max_batch_size)) {
    return refusal(request,
                   "inference request batch-size must be <= " +
                       std::to_string(version.max_batch_size) + " for '" + version.name + "'");
  }
  return {};
}

}  // namespace

std::string id_prefix(const std::string& id) {
  return "[request id: " + (id.empty() ? "<id_unknown>" : id) + "] ";
}

Result<CheckedRequest> check_request(const catalog::ModelVersion& version, InferRequest& request) {
  const Signature& signature = version.signature;
  CheckedRequest checked;
  AION_TRY_VOID(place_inputs(version, request, checked));
  AION_TRY_VOID(place_outputs(signature, request, checked));
  AION_TRY_VOID(place_classes(signature, request, checked));
  const bool is_joined = version.max_batch_size > 0 || !version.is_decoupled;
  const bool has_rows = is_joined && !signature.inputs.empty() &&
                        !signature.inputs[0].shape.empty() && signature.inputs[0].shape[0] < 0 &&
                        checked.batch.inputs[0].is_present();
  if (has_rows) {
    checked.batch_size = static_cast<std::uint64_t>(checked.batch.inputs[0].shape[0]);
  }
  if (version.max_batch_size > 0) {
    AION_TRY_VOID(check_rows(version, request, checked));
  }
  checked.batch.parameters = std::move(request.parameters);
  return checked;
}

}  // namespace aion::serving
