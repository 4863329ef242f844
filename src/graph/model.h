// What an ONNX file says of its model, without the weights.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace aion::graph {

/// Bytes of the file that was read: a whole protobuf message, without its tag and length. Whoever
/// cuts a model copies these instead of writing a message anew.
struct FileRange {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

/// TensorProto.DataType of onnx.proto; what is not named here has no fixed size.
enum class ElementType : std::int32_t {
  Undefined = 0,
  Float = 1,
  Int32 = 6,
  Int64 = 7,
  String = 8,
  Bool = 9
};

/// Bits of one element, also of the types that ElementType does not name; 0 = not known, or text.
[[nodiscard]] std::uint32_t bits_of(ElementType type);

/// Extents; -1 = open.
using Shape = std::vector<std::int64_t>;

/// A constant tensor. Its elements stay in the file, but for few whole numbers.
struct Constant {
  std::string name;
  ElementType type = ElementType::Undefined;
  Shape shape;                         // nothing is negative
  Bytes bytes;                         // exact, as a runtime holds it; of text: its characters
  bool is_external = false;            // lies in another file
  std::vector<std::int64_t> integers;  // the elements, where they are at most kMostIntegers int64,
                                       // int32 or bool; else none
  FileRange range;                     // its TensorProto
};
inline constexpr std::size_t kMostIntegers = 1024;

struct Graph;

/// One attribute of a node. What it is not, is empty.
struct Attribute {
  std::string name;
  std::int64_t integer = 0;
  float number = 0;
  std::string text;
  std::vector<std::int64_t> integers;
  std::vector<float> numbers;
  std::vector<Constant> tensors;                     // one, or a list
  std::vector<std::shared_ptr<const Graph>> graphs;  // bodies of If, Loop, Scan
};

struct Node {
  std::string op;
  std::string domain;  // empty = ONNX's own
  std::string name;
  std::vector<std::string> inputs;  // empty = an optional one that is not given
  std::vector<std::string> outputs;
  std::vector<Attribute> attributes;
  FileRange range;  // its NodeProto

  /// Null when the node has no such attribute.
  [[nodiscard]] const Attribute* attribute(std::string_view wanted) const;
};

/// The type of a value, as far as the file says it.
struct Value {
  std::string name;
  ElementType type = ElementType::Undefined;  // Undefined = no tensor, or not said
  std::optional<Shape> shape;                 // nothing = not even the rank is known
  std::vector<std::string> symbols;           // of each extent; empty = it has no name
  FileRange range;                            // its ValueInfoProto
};

struct Graph {
  std::string name;
  std::vector<Node> nodes;  // in an order in which they can run
  std::vector<Constant> initialisers;
  std::vector<Value> inputs;  // in old files with the initialisers among them
  std::vector<Value> outputs;
  std::vector<Value> values;  // what else the file says of values in between
};

struct Model {
  std::int64_t ir_version = 0;
  std::map<std::string, std::int64_t> opsets;  // version by domain; "" = ONNX's own
  bool has_functions = false;                  // nodes may stand for graphs of their own
  Graph graph;
  FileRange graph_range;  // its GraphProto
  Bytes file;             // the file's own size, without external data

  /// All initialisers and constants in attributes, also in bodies. Each is counted once.
  [[nodiscard]] Bytes constants() const;
};

}  // namespace aion::graph
