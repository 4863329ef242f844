#include "protocol/kserve/infer_decoder.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "protocol/kserve/infer_data.h"
#include "protocol/kserve/infer_fault.h"
#include "protocol/kserve/infer_raw.h"

namespace aion::kserve {

namespace {

constexpr std::size_t kMaxTensors = 1024;  // in 'inputs' and in 'outputs'
constexpr std::size_t kMaxDimensions = 64;

/// The keys of one input that matter, as found.
struct InputFields {
  std::optional<JsonElement> name, datatype, shape, data, parameters;
};

Error missing(std::string_view part, std::string_view field, std::string_view expected) {
  return must_be(part, field, expected, "nothing");
}

Result<JsonArray> array_of(std::string_view part,
                           std::string_view field,
                           JsonElement value,
                           std::size_t most) {
  JsonArray array;
  if (value.get(array) != simdjson::SUCCESS) {
    return must_be(part, field, "an array", described(value));
  }
  if (array.size() > most) {
    return must_be(
        part, field, "an array of at most " + std::to_string(most), std::to_string(array.size()));
  }
  return array;
}

Result<std::string_view> name_of(std::string_view entry, const std::optional<JsonElement>& value) {
  constexpr std::string_view kExpected = "a string that is not empty";
  std::string_view name;
  if (!value) {
    return missing("name", std::string(entry) + ".name", kExpected);
  }
  if (value->get(name) != simdjson::SUCCESS || name.empty()) {
    return must_be("name", std::string(entry) + ".name", kExpected, described(*value));
  }
  return name;
}

Result<tensor::DataType> dtype_of(const InputHead& head, const std::optional<JsonElement>& value) {
  const auto field = [&] {
    return indexed("inputs", head.index) + ".datatype of input " + in_quotes(head.name);
  };
  if (!value) {
    return missing("datatype", field(), "a string");
  }
  std::string_view name;
  if (value->get(name) != simdjson::SUCCESS) {
    return must_be("datatype", field(), "a string", described(*value));
  }
  const Result<tensor::DataType> dtype = tensor::parse_dtype(name.substr(0, 16));
  if (!dtype) {
    return in_context("Unable to parse 'datatype': " + field(), dtype.error());
  }
  return *dtype;
}

Result<tensor::Shape> shape_of(const InputHead& head, const std::optional<JsonElement>& value) {
  const auto field = [&] {
    return indexed("inputs", head.index) + ".shape";
  };
  const auto of_input = [&] {
    return " of input " + in_quotes(head.name);
  };
  if (!value) {
    return missing("shape", field() + of_input(), "an array");
  }
  JsonArray extents;
  if (value->get(extents) != simdjson::SUCCESS) {
    return must_be("shape", field() + of_input(), "an array", described(*value));
  }
  if (extents.size() > kMaxDimensions) {
    return must_be("shape",
                   field() + of_input(),
                   "an array of at most " + std::to_string(kMaxDimensions) + " extents",
                   std::to_string(extents.size()));
  }
  tensor::Shape shape;
  shape.reserve(extents.size());
  for (const JsonElement element : extents) {
    std::int64_t extent = 0;
    if (element.get(extent) != simdjson::SUCCESS || extent < 0) {
      return must_be("shape",
                     indexed(field(), shape.size()) + of_input(),
                     "a non-negative integer of at most 63 bits",
                     described(element));
    }
    shape.push_back(extent);
  }
  return shape;
}

InputFields fields_of(JsonObject entry) {
  InputFields fields;
  for (const auto& [key, value] : entry) {
    if (key == "name") {
      fields.name = value;
    } else if (key == "datatype") {
      fields.datatype = value;
    } else if (key == "shape") {
      fields.shape = value;
    } else if (key == "data") {
      fields.data = value;
    } else if (key == "parameters") {
      fields.parameters = value;
    }
  }
  return fields;
}

/// Triton's rule and text: exactly one place that the data comes from.
Result<void> check_source(bool has_data, const InputParameters& parameters) {
  std::string set;
  set.append(has_data ? " 'data'" : "");
  set.append(parameters.binary_data_size ? " 'binary_data_size'" : "");
  set.append(parameters.has_shared_memory_region ? " 'shared_memory_region'" : "");
  const int count = int{has_data} + int{parameters.binary_data_size.has_value()} +
                    int{parameters.has_shared_memory_region};
  if (count != 1) {
    return Error{Code::InvalidArgument,
                 "Input must set only one of the following fields: 'data', 'binary_data_size' in "
                 "'parameters', "
                 "'shared_memory_region' in 'parameters'. But " +
                     (count == 0 ? "no field is set" : "set" + set)};
  }
  if (parameters.has_shared_memory_region) {
    return Error{Code::Unimplemented,
                 "Client shared memory is disabled: 'shared_memory_region' is unsupported"};
  }
  return {};
}

/// Reads one request. Lives on the stack of decode_infer().
class Decoder {
 public:
  Decoder(const InferBody& body, const InferTarget& target, std::size_t head_bytes)
      : body_(body), target_(target), head_bytes_(head_bytes), at_(head_bytes) {}

  Result<DecodedInfer> read(JsonElement root) {
    JsonObject object;
    if (root.get(object) != simdjson::SUCCESS) {
      return must_be("request", "the request", "a JSON object", described(root));
    }
    std::optional<JsonElement> inputs;
    std::optional<JsonElement> outputs;
    for (const auto& [key, value] : object) {
      if (key == "inputs") {
        inputs = value;
      } else if (key == "outputs") {
        outputs = value;
      } else if (key == "id") {
        AION_TRY_VOID(read_id(value));
      } else if (key == "parameters") {
        AION_TRY_VOID(read_parameters(value));
      }
    }
    if (!inputs) {
      return missing("inputs", "inputs", "an array");
    }
    AION_TRY_VOID(read_inputs(*inputs));
    if (outputs) {
      AION_TRY_VOID(read_outputs(*outputs));
    }
    decoded_.request.model = target_.model;
    decoded_.request.version = target_.version;
    return std::move(decoded_);
  }

 private:
  Result<void> read_id(JsonElement value) {
    std::string_view id;
    if (value.get(id) != simdjson::SUCCESS) {
      return must_be("id", "id", "a string", described(value));
    }
    decoded_.request.id = id;
    return {};
  }

  Result<void> read_parameters(JsonElement value) {
    AION_TRY(RequestParameters parameters, request_parameters(value));
    decoded_.request.parameters = std::move(parameters.custom);
    decoded_.request.priority = parameters.priority;
    decoded_.request.timeout = parameters.timeout;
    decoded_.request.deadline = parameters.deadline;
    decoded_.request.criticality = parameters.criticality;
    decoded_.format.is_binary = parameters.is_binary_output;
    return {};
  }

  Result<void> read_inputs(JsonElement value) {
    AION_TRY(const JsonArray entries, array_of("inputs", "inputs", value, kMaxTensors));
    decoded_.request.inputs.reserve(entries.size());
    for (const JsonElement entry : entries) {
      AION_TRY_VOID(read_input(entry));
    }
    if (at_ != body_.bytes.size) {
      return Error{
          Code::InvalidArgument,
          "unexpected additional input data for model '" + std::string(target_.model) + "'"};
    }
    return {};
  }

  Result<void> read_input(JsonElement entry) {
    std::vector<serving::NamedTensor>& inputs = decoded_.request.inputs;
    InputHead head;
    head.index = inputs.size();
    JsonObject object;
    if (entry.get(object) != simdjson::SUCCESS) {
      return must_be("inputs", indexed("inputs", head.index), "an object", described(entry));
    }
    const InputFields fields = fields_of(object);
    AION_TRY(head.name, name_of(indexed("inputs", head.index), fields.name));
    for (const serving::NamedTensor& other : inputs) {
      if (other.name == head.name) {
        return must_be("name",
                       indexed("inputs", head.index) + ".name",
                       "given once",
                       in_quotes(head.name) + " again");
      }
    }
    AION_TRY(head.dtype, dtype_of(head, fields.datatype));
    AION_TRY(head.shape, shape_of(head, fields.shape));
    AION_TRY(tensor::Tensor tensor, read_tensor(head, fields));
    inputs.push_back(serving::NamedTensor{std::string(head.name), std::move(tensor)});
    return {};
  }

  Result<tensor::Tensor> read_tensor(InputHead& head, const InputFields& fields) {
    InputParameters parameters;
    if (fields.parameters) {
      AION_TRY(parameters,
               input_parameters(*fields.parameters, indexed("inputs", head.index) + ".parameters"));
    }
    AION_TRY_VOID(check_source(fields.data.has_value(), parameters));
    if (fields.data) {
      return tensor_from_json(head, *fields.data, DataLimits{head_bytes_, target_.max_input_bytes});
    }
    return binary_tensor(head, *parameters.binary_data_size);
  }

  Result<tensor::Tensor> binary_tensor(InputHead& head, std::uint64_t size) {
    const std::size_t left = body_.bytes.size - at_;
    if (size > left) {
      return Error{Code::InvalidArgument,
                   "unexpected size for input '" + std::string(head.name) + "', expecting " +
                       std::to_string(size - left) + " additional bytes for model '" +
                       std::string(target_.model) + "'"};
    }
    SharedBytes slice{body_.bytes.data + at_, static_cast<std::size_t>(size), body_.bytes.owner};
    at_ += slice.size;
    if (head.dtype != tensor::DataType::Bytes) {
      return tensor::Tensor{
          head.dtype, std::move(head.shape), tensor::Buffer::of(std::move(slice)), nullptr};
    }
    Result<tensor::Tensor> read = tensor::bytes_from_wire(slice.span(), std::move(head.shape));
    if (!read) {
      return in_context("input " + in_quotes(head.name), std::move(read).error());
    }
    return read;
  }

  Result<void> read_outputs(JsonElement value) {
    AION_TRY(const JsonArray entries, array_of("outputs", "outputs", value, kMaxTensors));
    decoded_.request.outputs.reserve(entries.size());
    for (const JsonElement entry : entries) {
      AION_TRY_VOID(read_output(entry));
    }
    return {};
  }

  Result<void> read_output(JsonElement entry) {
    std::vector<std::string>& outputs = decoded_.request.outputs;
    const auto field = [&] {
      return indexed("outputs", outputs.size());
    };
    JsonObject object;
    if (entry.get(object) != simdjson::SUCCESS) {
      return must_be("outputs", field(), "an object", described(entry));
    }
    const InputFields fields = fields_of(object);
    AION_TRY(const std::string_view name, name_of(field(), fields.name));
    OutputParameters parameters;
    if (fields.parameters) {
      AION_TRY(parameters, output_parameters(*fields.parameters, field() + ".parameters"));
    }
    if (parameters.binary_data.value_or(decoded_.format.is_binary) != decoded_.format.is_binary) {
      decoded_.format.exceptions.emplace_back(name);
    }
    if (parameters.classes > 0) {
      decoded_.request.classes[std::string(name)] = parameters.classes;
    }
    outputs.emplace_back(name);
    return {};
  }

  const InferBody& body_;
  const InferTarget& target_;
  std::size_t head_bytes_;
  std::size_t at_;  // where the next binary tensor begins
  DecodedInfer decoded_;
};

/// How much of the body is JSON.
Result<std::size_t> head_bytes_of(const InferBody& body) {
  if (!body.header_length) {
    return body.bytes.size;
  }
  const std::string_view text = *body.header_length;
  std::int64_t length = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (failed != std::errc{} || end != text.data() + text.size()) {
    const std::string shown = in_quotes(text);
    return Error{Code::InvalidArgument,
                 "Unable to parse Inference-Header-Content-Length, got: " +
                     shown.substr(1, shown.size() - 2)};
  }
  if (length < 0 || static_cast<std::size_t>(length) > body.bytes.size) {
    return Error{Code::InvalidArgument,
                 "inference header size should be in range (0, " + std::to_string(body.bytes.size) +
                     "), got: " + std::to_string(length)};
  }
  return static_cast<std::size_t>(length);
}

}  // namespace

Result<DecodedInfer> decode_infer(const InferBody& body,
                                  const InferTarget& target,
                                  JsonParser& parser) {
  AION_TRY(const std::size_t head_bytes, head_bytes_of(body));
  if (body.header_length && head_bytes == 0) {
    DecodedInfer decoded;
    decoded.format.is_binary = true;
    AION_TRY(decoded.request, raw_request(body.bytes, target));
    return decoded;
  }
  if (head_bytes > target.max_input_bytes) {
    return Error{Code::InvalidArgument,
                 "request JSON size of " + std::to_string(head_bytes) +
                     " bytes exceeds the maximum allowed input size of " +
                     std::to_string(target.max_input_bytes) +
                     " bytes. Use --http-max-input-size to increase the limit."};
  }
  const auto head = body.bytes.span().first(head_bytes);
  const Result<JsonElement> root = parser.parse(head, body.bytes.size - head_bytes + body.padding);
  if (!root) {
    return no_json(body.bytes.text().substr(0, head_bytes), root.error());
  }
  return Decoder(body, target, head_bytes).read(*root);
}

}  // namespace aion::kserve
