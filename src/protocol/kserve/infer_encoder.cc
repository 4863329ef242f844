#include "protocol/kserve/infer_encoder.h"

#include <array>
#include <charconv>
#include <string>
#include <utility>
#include <variant>

#include "base/json_dom.h"
#include "protocol/kserve/infer_elements.h"

namespace aion::kserve {

namespace {

using serving::NamedTensor;

void append_number(std::int64_t value, std::string& out) {
  std::array<char, 24> text;
  out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
}

struct ValueWriter {
  std::string& out;
  void operator()(bool value) const { out.append(value ? "true" : "false"); }
  void operator()(std::int64_t value) const { append_number(value, out); }
  void operator()(double value) const {
    const SharedBytes bytes{reinterpret_cast<const std::byte*>(&value), sizeof value, nullptr};
    append_elements(tensor::Tensor{tensor::DataType::Fp64, {1}, tensor::Buffer::of(bytes), nullptr},
                    out);
  }
  void operator()(const std::string& value) const { append_json_string(value, out); }
};

void append_parameters(const runtime::Parameters& parameters, std::string& out) {
  out.append("{");
  bool is_first = true;
  for (const auto& [key, value] : parameters) {
    out.append(is_first ? "" : ",");
    append_json_string(key, out);
    out.append(":");
    std::visit(ValueWriter{out}, value);
    is_first = false;
  }
  out.append("}");
}

void append_shape(const tensor::Shape& shape, std::string& out) {
  out.append("[");
  for (std::size_t i = 0; i < shape.size(); ++i) {
    out.append(i > 0 ? "," : "");
    append_number(shape[i], out);
  }
  out.append("]");
}

SharedBytes wire_bytes(const tensor::Tensor& tensor) {
  if (tensor.dtype == tensor::DataType::Bytes) {
    std::string wire;
    tensor::append_wire(tensor, wire);
    return SharedBytes::from(std::move(wire));
  }
  return SharedBytes{tensor.data.data, tensor.data.bytes, tensor.data.owner};
}

/// A guess that spares most strings a second allocation.
std::size_t expected_text_size(const serving::InferResponse& response, const OutputFormat& format) {
  constexpr std::size_t kHead = 192;
  constexpr std::size_t kPerOutput = 128;
  constexpr std::size_t kPerElement = 12;
  std::size_t size = kHead;
  for (const NamedTensor& output : response.outputs) {
    const bool is_bytes = output.tensor.dtype == tensor::DataType::Bytes;
    const bool is_json = !format.wants_binary(output.name);
    size += kPerOutput;
    size += is_json
                ? output.tensor.count() * kPerElement + (is_bytes ? output.tensor.data.bytes : 0)
                : 0;
  }
  return size;
}

bool is_text(const tensor::Tensor& tensor) {
  const std::size_t count = tensor.count();
  std::size_t at = 0;
  while (at < count && is_utf8(tensor.bytes_at(at))) {
    ++at;
  }
  return at == count;
}

Error no_text(const NamedTensor& output) {
  return Error{Code::InvalidArgument,
               "output '" + output.name +
                   "' holds BYTES that are not UTF-8, so it cannot be a JSON string; ask for it as "
                   "binary data"};
}

Result<void> append_output(const NamedTensor& output, bool is_binary, net::HttpResponse& answer) {
  std::string& out = answer.text;
  out.append("{\"name\":");
  append_json_string(output.name, out);
  out.append(",\"datatype\":\"").append(to_string(output.tensor.dtype)).append("\",\"shape\":");
  append_shape(output.tensor.shape, out);
  if (is_binary) {
    SharedBytes bytes = wire_bytes(output.tensor);
    out.append(",\"parameters\":{\"binary_data_size\":");
    append_number(static_cast<std::int64_t>(bytes.size), out);
    out.append("}}");
    if (bytes.size > 0) {
      answer.parts.push_back(std::move(bytes));
    }
    return {};
  }
  if (output.tensor.dtype == tensor::DataType::Bytes && !is_text(output.tensor)) {
    return no_text(output);
  }
  out.append(",\"data\":[");
  append_elements(output.tensor, out);
  out.append("]}");
  return {};
}

void append_head(const AnswerHead& head, const serving::InferResponse& response, std::string& out) {
  out.append("{");
  if (!head.id.empty()) {
    out.append("\"id\":");
    append_json_string(head.id, out);
    out.append(",");
  }
  out.append("\"model_name\":");
  append_json_string(head.model, out);
  out.append(",\"model_version\":\"");
  append_number(response.version, out);
  out.append("\"");
  if (!response.parameters.empty()) {
    out.append(",\"parameters\":");
    append_parameters(response.parameters, out);
  }
}

}  // namespace

Result<net::HttpResponse> encode_infer(const AnswerHead& head,
                                       const serving::InferResponse& response,
                                       const OutputFormat& format) {
  net::HttpResponse answer;
  answer.text.reserve(expected_text_size(response, format));
  append_head(head, response, answer.text);
  answer.text.append(",\"outputs\":[");
  bool is_first = true;
  for (const NamedTensor& output : response.outputs) {
    answer.text.append(is_first ? "" : ",");
    AION_TRY_VOID(append_output(output, format.wants_binary(output.name), answer));
    is_first = false;
  }
  answer.text.append("]}");
  if (!answer.parts.empty()) {
    answer.content_type = "application/octet-stream";
    answer.headers.emplace_back("Inference-Header-Content-Length",
                                std::to_string(answer.text.size()));
  }
  return answer;
}

}  // namespace aion::kserve
