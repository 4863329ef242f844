#include "cli/infer_exchange.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

namespace aion::cli {

namespace {

using tensor::DataType;

constexpr int kMaxDepth = 32;

Result<std::vector<HostTensor>> read_specs(const Json& specs) {
  std::vector<HostTensor> tensors;
  for (const Json& spec : specs) {
    HostTensor tensor;
    tensor.name = spec.value("name", "");
    AION_TRY(tensor.dtype, tensor::parse_dtype(spec.value("datatype", "")));
    tensor.shape = spec.value("shape", tensor::Shape{});
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

Result<void> append_element(const Json& element, const HostTensor& declared, std::string& out) {
  if (declared.dtype == DataType::Bytes) {
    if (!element.is_string()) {
      return Error{
          Code::InvalidArgument,
          "input '" + declared.name + "' is BYTES; expected strings, got " + element.type_name()};
    }
    const auto text = element.get<std::string>();
    const auto length = static_cast<std::uint32_t>(text.size());
    out.append(reinterpret_cast<const char*>(&length), sizeof(length)).append(text);
    return {};
  }
  if (element.is_boolean()) {
    append_number(element.get<bool>() ? 1 : 0, declared.dtype, out);
    return {};
  }
  if (!element.is_number()) {
    return Error{Code::InvalidArgument,
                 "input '" + declared.name + "' is " + std::string(to_string(declared.dtype)) +
                     "; expected numbers, got " + element.type_name()};
  }
  if (declared.dtype == DataType::Int64 && element.is_number_integer()) {
    const auto whole = element.get<std::int64_t>();  // a double would lose digits
    out.append(reinterpret_cast<const char*>(&whole), sizeof(whole));
    return {};
  }
  append_number(element.get<double>(), declared.dtype, out);
  return {};
}

Result<void> append_nested(const Json& nested, std::size_t depth, HostTensor& tensor) {
  if (depth == tensor.shape.size()) {
    return append_element(nested, tensor, tensor.data);
  }
  if (!nested.is_array() || static_cast<std::int64_t>(nested.size()) != tensor.shape[depth]) {
    return Error{Code::InvalidArgument,
                 "input '" + tensor.name + "' is ragged: expected lists of " +
                     std::to_string(tensor.shape[depth]) + " at depth " +
                     std::to_string(depth + 1)};
  }
  for (const Json& element : nested) {
    AION_TRY_VOID(append_nested(element, depth + 1, tensor));
  }
  return {};
}

Json number_json(double value, DataType dtype) {
  if (std::isnan(value)) {
    return "NaN";
  }
  if (std::isinf(value)) {
    return value > 0 ? "Infinity" : "-Infinity";
  }
  if (dtype == DataType::Bool) {
    return value != 0;
  }
  const bool is_real = dtype == DataType::Fp16 || dtype == DataType::Bf16 ||
                       dtype == DataType::Fp32 || dtype == DataType::Fp64;
  if (is_real || std::fabs(value) >= 0x1p63) {
    return value;
  }
  return static_cast<std::int64_t>(value);
}

Result<HostTensor> read_output(const Json& output, std::string_view& binary) {
  HostTensor tensor;
  tensor.name = output.value("name", "");
  AION_TRY(tensor.dtype, tensor::parse_dtype(output.value("datatype", "")));
  tensor.shape = output.value("shape", tensor::Shape{});
  if (!output.contains("parameters") || !output["parameters"].contains("binary_data_size")) {
    const HostTensor flat{
        tensor.name, tensor.dtype, {static_cast<std::int64_t>(output["data"].size())}, {}};
    AION_TRY(auto read, tensor_from_json(output["data"], flat));
    tensor.data = std::move(read.data);
    return tensor;
  }
  const auto size = output["parameters"].value("binary_data_size", std::size_t{0});
  if (size > binary.size()) {
    return Error{Code::Internal, "the answer's output '" + tensor.name + "' is cut off"};
  }
  tensor.data = binary.substr(0, size);
  binary.remove_prefix(size);
  return tensor;
}

}  // namespace

Result<ModelShape> fetch_model(Connection& connection,
                               const std::string& model,
                               const std::string& version) {
  ModelShape shape;
  shape.path = "/v2/models/" + percent_encoded(model) +
               (version.empty() ? "" : "/versions/" + percent_encoded(version));
  AION_TRY(const Json metadata, connection.get(shape.path));
  AION_TRY(shape.inputs, read_specs(metadata.value("inputs", Json::array())));
  AION_TRY(shape.outputs, read_specs(metadata.value("outputs", Json::array())));
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
  std::string_view body = response.body;
  std::size_t head_size = body.size();
  if (const auto header = response.headers.find("inference-header-content-length");
      header != response.headers.end()) {
    const std::string& text = header->second;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), head_size);
    if (parsed.ec != std::errc{} || head_size > body.size()) {
      return Error{Code::Internal,
                   "the answer's Inference-Header-Content-Length is '" + text + "'"};
    }
  }
  AION_TRY(const Json json, parse_json(body.substr(0, head_size)));
  body.remove_prefix(head_size);
  std::vector<HostTensor> outputs;
  for (const Json& output : json.value("outputs", Json::array())) {
    AION_TRY(auto tensor, read_output(output, body));
    outputs.push_back(std::move(tensor));
  }
  return outputs;
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
      values.push_back(number_json(number_at(tensor, i), tensor.dtype));
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
