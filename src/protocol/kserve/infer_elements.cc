#include "protocol/kserve/infer_elements.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "protocol/kserve/infer_shortest.h"
#include "tensor/float16.h"

namespace aion::kserve {

namespace {

using tensor::DataType;

constexpr std::size_t kLongestNumber = 32;  // "-2.2250738585072014e-308" has 24 characters
constexpr int kSmallWhole =
    100'000;  // below it the shortest form of a whole number has no exponent

char* put(std::string_view text, char* at) {
  std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

template <class T>
char* write_integer(T value, char* at) {
  return std::to_chars(at, at + kLongestNumber, value).ptr;
}

char* write_double(double value, char* at) {
  char* const end = std::to_chars(at, at + kLongestNumber, value).ptr;
  for (const char* c = at; c != end; ++c) {
    if (*c == '.' || *c == 'e') {
      return end;
    }
  }
  return put(".0", end);
}

template <class T>
char* write_float(T value, char* at) {
  if (std::abs(value) < kSmallWhole) {
    const auto whole = static_cast<int>(value);
    if (static_cast<T>(whole) == value && (whole != 0 || !std::signbit(value))) {
      return put(".0", write_integer(whole, at));
    }
  } else if (!std::isfinite(value)) {
    return put(std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"", at);
  }
  if constexpr (std::is_same_v<T, float>) {
    return write_shortest(value, at);
  } else {
    return write_double(value, at);
  }
}

/// Gathers short pieces on the stack, so that the string grows in few large steps.
template <class Write>
void append_list(std::size_t count, std::string& out, Write write) {
  constexpr std::size_t kUsualLength = 12;  // of a float and its comma
  out.reserve(out.size() + count * kUsualLength);
  std::array<char, 4096> block;
  char* at = block.data();
  const char* const full = block.data() + block.size() - kLongestNumber - 4;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) {
      *at++ = ',';
    }
    at = write(i, at);
    if (at >= full) {
      out.append(block.data(), at);
      at = block.data();
    }
  }
  out.append(block.data(), at);
}

/// Reads element `index`; a binary input may lie at any alignment, and so may the output that
/// repeats it.
template <class T>
T element_at(const tensor::Tensor& tensor, std::size_t index) {
  T value;
  std::memcpy(&value, tensor.data.data + index * sizeof(T), sizeof(T));
  return value;
}

template <class T>
void append_integers(const tensor::Tensor& tensor, std::string& out) {
  append_list(tensor.count(), out, [&](std::size_t i, char* at) {
    return write_integer(element_at<T>(tensor, i), at);
  });
}

template <class T>
void append_floats(const tensor::Tensor& tensor, std::string& out) {
  append_list(tensor.count(), out, [&](std::size_t i, char* at) {
    return write_float(element_at<T>(tensor, i), at);
  });
}

void append_halves(const tensor::Tensor& tensor,
                   float (*to_float)(std::uint16_t),
                   std::string& out) {
  append_list(tensor.count(), out, [&](std::size_t i, char* at) {
    return write_float(static_cast<double>(to_float(element_at<std::uint16_t>(tensor, i))), at);
  });
}

void append_bools(const tensor::Tensor& tensor, std::string& out) {
  append_list(tensor.count(), out, [&](std::size_t i, char* at) {
    return put(element_at<std::uint8_t>(tensor, i) != 0 ? "true" : "false", at);
  });
}

void append_strings(const tensor::Tensor& tensor, std::string& out) {
  const std::size_t count = tensor.count();
  for (std::size_t i = 0; i < count; ++i) {
    out.append(i > 0 ? "," : "");
    append_json_string(tensor.bytes_at(i), out);
  }
}

void append_escaped(char c, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  switch (c) {
    case '"':
      out.append("\\\"");
      return;
    case '\\':
      out.append("\\\\");
      return;
    case '\n':
      out.append("\\n");
      return;
    case '\r':
      out.append("\\r");
      return;
    case '\t':
      out.append("\\t");
      return;
    default:
      out.append("\\u00").push_back(kDigits[static_cast<unsigned char>(c) >> 4U]);
      out.push_back(kDigits[static_cast<unsigned char>(c) & 15U]);
  }
}

}  // namespace

void append_json_string(std::string_view text, std::string& out) {
  out.push_back('"');
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') {
      continue;
    }
    out.append(text.substr(written, i - written));
    append_escaped(c, out);
    written = i + 1;
  }
  out.append(text.substr(written)).push_back('"');
}

void append_elements(const tensor::Tensor& tensor, std::string& out) {
  switch (tensor.dtype) {
    case DataType::Bool:
      return append_bools(tensor, out);
    case DataType::Uint8:
      return append_integers<std::uint8_t>(tensor, out);
    case DataType::Uint16:
      return append_integers<std::uint16_t>(tensor, out);
    case DataType::Uint32:
      return append_integers<std::uint32_t>(tensor, out);
    case DataType::Uint64:
      return append_integers<std::uint64_t>(tensor, out);
    case DataType::Int8:
      return append_integers<std::int8_t>(tensor, out);
    case DataType::Int16:
      return append_integers<std::int16_t>(tensor, out);
    case DataType::Int32:
      return append_integers<std::int32_t>(tensor, out);
    case DataType::Int64:
      return append_integers<std::int64_t>(tensor, out);
    case DataType::Fp16:
      return append_halves(tensor, tensor::float_from_fp16, out);
    case DataType::Bf16:
      return append_halves(tensor, tensor::float_from_bf16, out);
    case DataType::Fp32:
      return append_floats<float>(tensor, out);
    case DataType::Fp64:
      return append_floats<double>(tensor, out);
    case DataType::Bytes:
      return append_strings(tensor, out);
    case DataType::Invalid:
      return;
  }
}

}  // namespace aion::kserve
