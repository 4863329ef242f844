#include "cli/infer_exchange.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

namespace aion::cli {

namespace {

using tensor::DataType;

constexpr int kMaxDepth = 32;

Result<void> read_spec(const Json& spec, HostTensor& tensor) {
  tensor.name = spec.at("name").get<std::string>();
  AION_TRY(tensor.dtype, tensor::parse_dtype(spec.at("datatype").get<std::string>()));
  tensor.shape = spec.at("shape").get<tensor::Shape>();
  return {};
}

Result<std::vector<HostTensor>> read_specs(const Json& specs) {
  std::vector<HostTensor> tensors;
  for (const Json& spec : specs) {
    HostTensor tensor;
    AION_TRY_VOID(read_spec(spec, tensor));
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

bool is_real(DataType dtype) {
  return dtype == DataType::Fp16 || dtype == DataType::Bf16 || dtype == DataType::Fp32 ||
         dtype == DataType::Fp64;
}

/// How JSON spells the numbers that it has no numbers for.
std::optional<double> non_finite(const Json& element) {
  if (element == "NaN") {
    return std::numeric_limits<double>::quiet_NaN();
  }
  if (element == "Infinity" || element == "-Infinity") {
    const double infinity = std::numeric_limits<double>::infinity();
    return element == "Infinity" ? infinity : -infinity;
  }
  return std::nullopt;
}

template <class T>
void append_bytes(T value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

/// True when it was a whole number of 64 bits, which a double would take digits from.
bool append_whole(const Json& element, DataType dtype, std::string& out) {
  if (dtype == DataType::Uint64 && element.is_number_unsigned()) {
    append_bytes(element.get<std::uint64_t>(), out);
    return true;
  }
  const bool fits = element.is_number_integer() &&
                    (!element.is_number_unsigned() ||
                     element.get<std::uint64_t>() <=
                         static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
  if (dtype == DataType::Int64 && fits) {
    append_bytes(element.get<std::int64_t>(), out);
    return true;
  }
  return false;
}

Result<void> append_element(const Json& element, const HostTensor& declared, std::string& out) {
  const std::string named =
      "'" + declared.name + "' is " + std::string(to_string(declared.dtype)) + "; expected ";
  if (declared.dtype == DataType::Bytes) {
    if (!element.is_string()) {
      return Error{Code::InvalidArgument, named + "strings, got " + element.type_name()};
    }
    const auto text = element.get<std::string>();
    append_bytes(static_cast<std::uint32_t>(text.size()), out);
    out.append(text);
    return {};
  }
  if (element.is_boolean()) {
    append_number(element.get<bool>() ? 1 : 0, declared.dtype, out);
    return {};
  }
  if (const auto number = non_finite(element); number && is_real(declared.dtype)) {
    append_number(*number, declared.dtype, out);
    return {};
  }
  if (!element.is_number()) {
    return Error{Code::InvalidArgument, named + "numbers, got " + element.type_name()};
  }
  if (!append_whole(element, declared.dtype, out)) {
    append_number(element.get<double>(), declared.dtype, out);
  }
  return {};
}

Result<void> append_nested(const Json& nested, std::size_t depth, HostTensor& tensor) {
  if (depth == tensor.shape.size()) {
    return append_element(nested, tensor, tensor.data);
  }
  if (!nested.is_array() || static_cast<std::int64_t>(nested.size()) != tensor.shape[depth]) {
    return Error{Code::InvalidArgument,
                 "'" + tensor.name + "' is ragged: expected lists of " +
                     std::to_string(tensor.shape[depth]) + " at depth " +
                     std::to_string(depth + 1)};
  }
  for (const Json& element : nested) {
    AION_TRY_VOID(append_nested(element, depth + 1, tensor));
  }
  return {};
}

template <class T>
T element_at(const HostTensor& tensor, std::size_t index) {
  T value{};
  std::memcpy(&value, tensor.data.data() + index * sizeof(T), sizeof(T));
  return value;
}

Json number_json(const HostTensor& tensor, std::size_t index) {
  if (tensor.dtype == DataType::Int64) {
    return element_at<std::int64_t>(tensor, index);
  }
  if (tensor.dtype == DataType::Uint64) {
    return element_at<std::uint64_t>(tensor, index);
  }
  const double value = number_at(tensor, index);
  if (std::isnan(value)) {
    return "NaN";
  }
  if (std::isinf(value)) {
    return value > 0 ? "Infinity" : "-Infinity";
  }
  if (tensor.dtype == DataType::Bool) {
    return value != 0;
  }
  return is_real(tensor.dtype) ? Json(value) : Json(static_cast<std::int64_t>(value));
}

/// How many strings the wire form holds; nothing when the last is cut off.
std::optional<std::int64_t> string_count(std::string_view data) {
  std::int64_t count = 0;
  while (!data.empty()) {
    std::uint32_t length = 0;
    if (data.size() < sizeof(length)) {
      return std::nullopt;
    }
    std::memcpy(&length, data.data(), sizeof(length));
    data.remove_prefix(sizeof(length));
    if (length > data.size()) {
      return std::nullopt;
    }
    data.remove_prefix(length);
    ++count;
  }
  return count;
}

/// Holds the data of an answer against its shape.
Result<void> check_data(const HostTensor& tensor) {
  AION_TRY(const std::int64_t count, tensor::element_count(tensor.shape));
  const std::size_t size = tensor::element_size(tensor.dtype);
  const bool agrees = tensor.dtype == DataType::Bytes
                          ? string_count(tensor.data) == count
                          : tensor.data.size() % size == 0 &&
                                tensor.data.size() / size == static_cast<std::size_t>(count);
  if (!agrees) {
    return Error{Code::InvalidArgument,
                 "output '" + tensor.name + "' of shape " + tensor::to_string(tensor.shape) +
                     " does not go with its " + std::to_string(tensor.data.size()) + " bytes of " +
                     std::string(to_string(tensor.dtype))};
  }
  return {};
}

Result<HostTensor> read_output(const Json& output, std::string_view& binary) {
  HostTensor tensor;
  AION_TRY_VOID(read_spec(output, tensor));
  const Json parameters = output.value("parameters", Json::object());
  if (!parameters.contains("binary_data_size")) {
    AION_TRY(auto read, tensor_from_json(output.at("data"), tensor));
    tensor.data = std::move(read.data);
  } else {
    const auto size = parameters.at("binary_data_size").get<std::size_t>();
    if (size > binary.size()) {
      return Error{Code::InvalidArgument, "output '" + tensor.name + "' is cut off"};
    }
    tensor.data = binary.substr(0, size);
    binary.remove_prefix(size);
  }
  AION_TRY_VOID(check_data(tensor));
  return tensor;
}

/// Where the JSON of an answer ends and the binary tensors begin.
Result<std::size_t> head_size_of(const net::ClientResponse& response) {
  const auto header = response.headers.find("inference-header-content-length");
  if (header == response.headers.end()) {
    return response.body.size();
  }
  const std::string& text = header->second;
  const char* const end = text.data() + text.size();
  std::size_t size = 0;
  const auto parsed = std::from_chars(text.data(), end, size);
  if (parsed.ec != std::errc{} || parsed.ptr != end || size > response.body.size()) {
    return Error{Code::InvalidArgument, "its Inference-Header-Content-Length is '" + text + "'"};
  }
  return size;
}

Result<std::vector<HostTensor>> read_outputs(const net::ClientResponse& response) {
  AION_TRY(const std::size_t head_size, head_size_of(response));
  std::string_view body = response.body;
  AION_TRY(const Json json, parse_json(body.substr(0, head_size)));
  body.remove_prefix(head_size);
  std::vector<HostTensor> outputs;
  for (const Json& output : json.at("outputs")) {
    AION_TRY(auto tensor, read_output(output, body));
    outputs.push_back(std::move(tensor));
  }
  if (!body.empty()) {
    return Error{Code::InvalidArgument,
                 std::to_string(body.size()) + " bytes stand behind its last output"};
  }
  return outputs;
}

}  // namespace

Result<ModelShape> fetch_model(Connection& connection,
                               const std::string& model,
                               const std::string& version) {
  ModelShape shape;
  shape.path = "/v2/models/" + percent_encoded(model) +
               (version.empty() ? "" : "/versions/" + percent_encoded(version));
  AION_TRY(const Json metadata, connection.get(shape.path));
  AION_TRY(shape.inputs, read_answer([&] { return read_specs(metadata.at("inputs")); }));
  AION_TRY(shape.outputs, read_answer([&] { return read_specs(metadata.at("outputs")); }));
  return shape;
}

net::ClientRequest binary_request(const ModelShape& model,
                                  const std::vector<HostTensor>& inputs,
                                  const std::vector<std::string>& outputs) {
  Json head;
  std::string binary;
  head["inputs"] = Json::array();
  for (const HostTensor& input : inputs) {
    head["inputs"].push_back({{"name", input.name},
                              {"shape", input.shape},
                              {"datatype", to_string(input.dtype)},
                              {"parameters", {{"binary_data_size", input.data.size()}}}});
    binary += input.data;
  }
  if (outputs.empty()) {
    head["parameters"] = {{"binary_data_output", true}};
  }
  for (const std::string& output : outputs) {
    head["outputs"].push_back({{"name", output}, {"parameters", {{"binary_data", true}}}});
  }
  net::ClientRequest request;
  request.method = "POST";
  request.url = model.path + "/infer";
  request.body = to_text(head);
  request.headers = {{"Content-Type", "application/octet-stream"},
                     {"Inference-Header-Content-Length", std::to_string(request.body.size())}};
  request.body += binary;
  return request;
}

Result<std::vector<HostTensor>> read_response(const net::ClientResponse& response) {
  return read_answer([&] { return read_outputs(response); });
}

Result<HostTensor> tensor_from_json(const Json& nested, const HostTensor& declared) {
  HostTensor tensor{declared.name, declared.dtype, {}, {}};
  for (const Json* level = &nested; level->is_array() && tensor.shape.size() < kMaxDepth;
       level = &level->front()) {
    tensor.shape.push_back(static_cast<std::int64_t>(level->size()));
    if (level->empty()) {
      break;
    }
  }
  AION_TRY_VOID(append_nested(nested, 0, tensor));
  return tensor;
}

Json json_values(const HostTensor& tensor) {
  Json values = Json::array();
  if (tensor.dtype != DataType::Bytes) {
    const std::size_t count = tensor.data.size() / tensor::element_size(tensor.dtype);
    for (std::size_t i = 0; i < count; ++i) {
      values.push_back(number_json(tensor, i));
    }
    return values;
  }
  std::string_view rest = tensor.data;
  while (rest.size() >= sizeof(std::uint32_t)) {
    std::uint32_t length = 0;
    std::memcpy(&length, rest.data(), sizeof(length));
    rest.remove_prefix(sizeof(length));
    values.push_back(std::string(rest.substr(0, length)));
    rest.remove_prefix(std::min<std::size_t>(length, rest.size()));
  }
  return values;
}

}  // namespace aion::cli
