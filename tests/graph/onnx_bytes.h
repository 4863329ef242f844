// Messages of onnx.proto as bytes, for tests that need files no exporter would write.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace aion::graph {

inline std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7U) {
    bytes += static_cast<char>((value & 0x7fU) | 0x80U);
  }
  return bytes + static_cast<char>(value);
}

inline std::string number(std::uint32_t field, std::uint64_t value) {
  return varint(std::uint64_t{field} << 3U) + varint(value);
}

inline std::string bytes(std::uint32_t field, std::string_view content) {
  return varint((std::uint64_t{field} << 3U) | 2U) + varint(content.size()) + std::string(content);
}

/// A TensorProto with raw data.
inline std::string tensor(std::string_view name,
                          std::uint64_t type,
                          std::initializer_list<std::uint64_t> shape,
                          std::string_view raw) {
  std::string message;
  for (const std::uint64_t extent : shape) {
    message += number(1, extent);
  }
  return message + number(2, type) + bytes(8, name) + bytes(9, raw);
}

/// A ValueInfoProto of floats; -1 is an open extent.
inline std::string value(std::string_view name, std::initializer_list<std::int64_t> shape) {
  std::string extents;
  for (const std::int64_t extent : shape) {
    extents += bytes(1, extent < 0 ? bytes(2, "n") : number(1, static_cast<std::uint64_t>(extent)));
  }
  return bytes(1, name) + bytes(2, bytes(1, number(1, 1) + bytes(2, extents)));
}

/// A NodeProto.
inline std::string node(std::string_view op,
                        std::initializer_list<std::string_view> inputs,
                        std::initializer_list<std::string_view> outputs,
                        std::string_view attributes = "") {
  std::string message;
  for (const std::string_view input : inputs) {
    message += bytes(1, input);
  }
  for (const std::string_view output : outputs) {
    message += bytes(2, output);
  }
  return message + bytes(4, op) + std::string(attributes);
}

/// A ModelProto of this GraphProto.
inline std::string model(std::string_view graph) {
  return number(1, 8) + bytes(8, number(2, 17)) + bytes(7, graph);
}

}  // namespace aion::graph
