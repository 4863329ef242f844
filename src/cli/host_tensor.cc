#include "cli/host_tensor.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <optional>
#include <string_view>

#include "base/file.h"
#include "tensor/float16.h"

namespace aion::cli {

namespace {

using tensor::DataType;

constexpr std::size_t kMaxFile = std::size_t{1} << 31U;
constexpr std::string_view kMagic = "\x93NUMPY";

struct NumpyType {
  std::string_view descr;
  DataType dtype;
};
constexpr std::array<NumpyType, 12> kTypes = {{{"|b1", DataType::Bool},
                                               {"|u1", DataType::Uint8},
                                               {"|i1", DataType::Int8},
                                               {"<u2", DataType::Uint16},
                                               {"<u4", DataType::Uint32},
                                               {"<u8", DataType::Uint64},
                                               {"<i2", DataType::Int16},
                                               {"<i4", DataType::Int32},
                                               {"<i8", DataType::Int64},
                                               {"<f2", DataType::Fp16},
                                               {"<f4", DataType::Fp32},
                                               {"<f8", DataType::Fp64}}};

/// The text behind 'key': in the header's Python dictionary, up to its end.
std::optional<std::string_view> value_behind(std::string_view header, std::string_view key) {
  const std::size_t at = header.find("'" + std::string(key) + "':");
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  std::string_view value = header.substr(at + key.size() + 3);
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  return value;
}

Result<tensor::Shape> parse_shape(std::string_view text) {
  const std::size_t close = text.find(')');
  if (!text.starts_with('(') || close == std::string_view::npos) {
    return Error{Code::InvalidArgument, "its header has no 'shape' like (1, 64)"};
  }
  tensor::Shape shape;
  text = text.substr(1, close - 1);
  while (!text.empty()) {
    std::int64_t extent = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), extent);
    if (failed != std::errc{} || extent < 0) {
      return Error{Code::InvalidArgument,
                   "its header's 'shape' has an extent that is no whole number"};
    }
    shape.push_back(extent);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    text.remove_prefix(std::min(text.find_first_not_of(", "), text.size()));
  }
  return shape;
}

Result<HostTensor> parse_header(std::string_view header) {
  const auto descr = value_behind(header, "descr");
  const auto order = value_behind(header, "fortran_order");
  const auto shape = value_behind(header, "shape");
  if (!descr || !order || !shape || descr->size() < 5) {
    return Error{Code::InvalidArgument, "its header lacks 'descr', 'fortran_order' or 'shape'"};
  }
  if (!order->starts_with("False")) {
    return Error{Code::InvalidArgument,
                 "it is in Fortran order; save it with numpy.ascontiguousarray()"};
  }
  const std::string_view name = descr->substr(1, 3);
  const auto type = std::find_if(
      kTypes.begin(), kTypes.end(), [&](const NumpyType& t) { return t.descr == name; });
  if (type == kTypes.end()) {
    return Error{Code::InvalidArgument,
                 "its element type '" + std::string(name) +
                     "' is none of b1, u1-u8, i1-i8, f2, f4, f8 in little-endian"};
  }
  HostTensor tensor;
  tensor.dtype = type->dtype;
  AION_TRY(tensor.shape, parse_shape(*shape));
  return tensor;
}

Result<HostTensor> parse_npy(std::string_view text) {
  if (!text.starts_with(kMagic) || text.size() < 12) {
    return Error{Code::InvalidArgument, "it is no .npy file"};
  }
  const bool is_long =
      text[6] != 1;  // format 1.0 has a 2-byte header length, 2.0 and 3.0 a 4-byte one
  const std::size_t begin = is_long ? 12 : 10;
  std::uint32_t length = 0;
  std::memcpy(&length, text.data() + 8, is_long ? 4 : 2);
  if (length > text.size() - begin) {
    return Error{Code::InvalidArgument, "its header is cut off"};
  }
  AION_TRY(HostTensor tensor, parse_header(text.substr(begin, length)));
  text.remove_prefix(begin + length);
  AION_TRY(const std::int64_t count, tensor::element_count(tensor.shape));
  const std::size_t size = tensor::element_size(tensor.dtype);
  if (static_cast<std::size_t>(count) > text.size() / size ||
      static_cast<std::size_t>(count) * size != text.size()) {
    return Error{Code::InvalidArgument,
                 "its shape " + tensor::to_string(tensor.shape) + " does not go with its " +
                     std::to_string(text.size()) + " bytes of data"};
  }
  tensor.data = text;
  return tensor;
}

template <class T>
double read_as(const char* at) {
  T value{};
  std::memcpy(&value, at, sizeof(T));
  return static_cast<double>(value);
}

template <class T>
void append_as(double value, std::string& out) {
  T converted{};
  if constexpr (std::is_integral_v<T>) {
    const auto lowest = static_cast<double>(std::numeric_limits<T>::lowest());
    // 2^63 and 2^64 are exact in double; max() itself is not
    const double above = std::ldexp(1.0, std::numeric_limits<T>::digits);
    const double rounded = std::nearbyint(std::isnan(value) ? 0.0 : value);
    converted = rounded >= above ? std::numeric_limits<T>::max()
                                 : static_cast<T>(std::max(rounded, lowest));
  } else {
    converted = static_cast<T>(value);
  }
  out.append(reinterpret_cast<const char*>(&converted), sizeof(T));
}

std::uint16_t bits_at(const char* at) {
  std::uint16_t bits = 0;
  std::memcpy(&bits, at, sizeof(bits));
  return bits;
}

}  // namespace

Result<HostTensor> read_npy(const std::filesystem::path& file) {
  AION_TRY(const std::string text, read_file(file, kMaxFile));
  auto tensor = parse_npy(text);
  return tensor ? std::move(tensor) : Result<HostTensor>(in_context(file.string(), tensor.error()));
}

Result<void> write_npy(const HostTensor& tensor, const std::filesystem::path& file) {
  const auto type = std::find_if(
      kTypes.begin(), kTypes.end(), [&](const NumpyType& t) { return t.dtype == tensor.dtype; });
  if (type == kTypes.end()) {
    return Error{Code::InvalidArgument,
                 "output '" + tensor.name + "' is " + std::string(to_string(tensor.dtype)) +
                     ", which .npy has no type for"};
  }
  std::string shape;
  for (const std::int64_t extent : tensor.shape) {
    shape += std::to_string(extent) + ",";
  }
  std::string header = "{'descr': '" + std::string(type->descr) +
                       "', 'fortran_order': False, 'shape': (" + shape + "), }";
  header.resize((header.size() + 11 + 63) / 64 * 64 - 10 - 1,
                ' ');  // data begins at a multiple of 64
  header += '\n';
  const auto length = static_cast<std::uint16_t>(header.size());
  std::ofstream out(file, std::ios::binary);
  out << kMagic << '\x01' << '\0';
  out.write(reinterpret_cast<const char*>(&length), sizeof(length));
  out << header << tensor.data;
  if (!out.flush()) {
    return Error{Code::FailedPrecondition, "cannot write '" + file.string() + "'"};
  }
  return {};
}

double number_at(const HostTensor& tensor, std::size_t index) {
  const char* const at = tensor.data.data() + index * tensor::element_size(tensor.dtype);
  switch (tensor.dtype) {
    case DataType::Bool:
    case DataType::Uint8:
      return read_as<std::uint8_t>(at);
    case DataType::Uint16:
      return read_as<std::uint16_t>(at);
    case DataType::Uint32:
      return read_as<std::uint32_t>(at);
    case DataType::Uint64:
      return read_as<std::uint64_t>(at);
    case DataType::Int8:
      return read_as<std::int8_t>(at);
    case DataType::Int16:
      return read_as<std::int16_t>(at);
    case DataType::Int32:
      return read_as<std::int32_t>(at);
    case DataType::Int64:
      return read_as<std::int64_t>(at);
    case DataType::Fp16:
      return tensor::float_from_fp16(bits_at(at));
    case DataType::Bf16:
      return tensor::float_from_bf16(bits_at(at));
    case DataType::Fp32:
      return read_as<float>(at);
    case DataType::Fp64:
      return read_as<double>(at);
    default:
      return 0;
  }
}

void append_number(double value, DataType dtype, std::string& out) {
  switch (dtype) {
    case DataType::Bool:
      return append_as<std::uint8_t>(value != 0 ? 1 : 0, out);
    case DataType::Uint8:
      return append_as<std::uint8_t>(value, out);
    case DataType::Uint16:
      return append_as<std::uint16_t>(value, out);
    case DataType::Uint32:
      return append_as<std::uint32_t>(value, out);
    case DataType::Uint64:
      return append_as<std::uint64_t>(value, out);
    case DataType::Int8:
      return append_as<std::int8_t>(value, out);
    case DataType::Int16:
      return append_as<std::int16_t>(value, out);
    case DataType::Int32:
      return append_as<std::int32_t>(value, out);
    case DataType::Int64:
      return append_as<std::int64_t>(value, out);
    case DataType::Fp16:
      return append_as<std::uint16_t>(tensor::fp16_from_float(static_cast<float>(value)), out);
    case DataType::Bf16:
      return append_as<std::uint16_t>(tensor::bf16_from_float(static_cast<float>(value)), out);
    case DataType::Fp32:
      return append_as<float>(value, out);
    case DataType::Fp64:
      return append_as<double>(value, out);
    default:
      return;
  }
}

}  // namespace aion::cli
