// Writes ONNX models of a few nodes, so that a test shows the very model it is about.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace aion::runtime {

/// Bytes of one protobuf message; field numbers are those of onnx.proto.
class Message {
 public:
  Message& number(unsigned field, std::uint64_t value) {
    varint(field << 3U);
    varint(value);
    return *this;
  }
  Message& text(unsigned field, std::string_view value) {
    varint(field << 3U | 2U);
    varint(value.size());
    bytes_.append(value);
    return *this;
  }
  Message& message(unsigned field, const Message& value) { return text(field, value.bytes_); }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80U; value >>= 7U) {
      bytes_.push_back(static_cast<char>(value | 0x80U));
    }
    bytes_.push_back(static_cast<char>(value));
  }

  std::string bytes_;
};

/// onnx.proto, TensorProto.DataType.
enum class Element : std::uint8_t { Float = 1, Int32 = 6, Int64 = 7, Complex64 = 14 };

/// TypeProto of a tensor; -1 in the shape is an open extent.
inline Message tensor_type(Element element, const std::vector<std::int64_t>& shape) {
  Message extents;
  for (const std::int64_t extent : shape) {
    extents.message(1,
                    extent < 0 ? Message().text(2, "n")
                               : Message().number(1, static_cast<std::uint64_t>(extent)));
  }
  const auto type = Message().number(1, static_cast<std::uint64_t>(element)).message(2, extents);
  return Message().message(1, type);
}

/// The same with no shape at all: not even the rank is known.
inline Message tensor_type_of_unknown_rank(Element element) {
  return Message().message(1, Message().number(1, static_cast<std::uint64_t>(element)));
}

inline Message sequence_type(const Message& of) {
  return Message().message(4, Message().message(1, of));
}

/// A model of opset 17.
class OnnxModel {
 public:
  OnnxModel& input(std::string_view name, const Message& type) {
    graph_.message(11, Message().text(1, name).message(2, type));
    return *this;
  }
  OnnxModel& output(std::string_view name, const Message& type) {
    graph_.message(12, Message().text(1, name).message(2, type));
    return *this;
  }
  OnnxModel& node(std::string_view operation,
                  const std::vector<std::string>& from,
                  std::string_view to) {
    Message node;
    for (const std::string& name : from) {
      node.text(1, name);
    }
    graph_.message(1, node.text(2, to).text(4, operation));
    return *this;
  }
  OnnxModel& constant(std::string_view name, const std::vector<float>& values) {
    const std::string_view raw(reinterpret_cast<const char*>(values.data()),
                               values.size() * sizeof(float));
    graph_.message(5, floats(name, values.size()).text(9, raw));
    return *this;
  }
  /// A constant whose values lie in the file `location`, as the model names it.
  OnnxModel& external_constant(std::string_view name,
                               std::size_t count,
                               std::string_view location) {
    const auto entry = Message().text(1, "location").text(2, location);
    graph_.message(5, floats(name, count).message(13, entry).number(14, 1));
    return *this;
  }
  OnnxModel& opset(std::uint64_t version) {
    opset_ = version;
    return *this;
  }

  [[nodiscard]] std::string bytes() const {
    auto graph = graph_;
    graph.text(2, "graph");
    return Message()
        .number(1, 8)
        .message(7, graph)
        .message(8, Message().text(1, "").number(2, opset_))
        .bytes();
  }

  void write(const std::filesystem::path& path) const {
    std::ofstream(path, std::ios::binary) << bytes();
  }

 private:
  static Message floats(std::string_view name, std::size_t count) {
    return Message()
        .number(1, count)
        .number(2, static_cast<std::uint64_t>(Element::Float))
        .text(8, name);
  }

  Message graph_;
  std::uint64_t opset_ = 17;
};

}  // namespace aion::runtime
