#include "graph/read_model.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <string>
#include <utility>

#include "graph/source.h"
#include "graph/wire.h"

namespace aion::graph {

namespace {

// The numbers of the fields are those of onnx.proto.

/// Calls `take` for each field of the message.
template <class Take>
Result<void> for_each_field(Source& source, FileRange message, Take take) {
  FieldReader reader(source, message);
  for (;;) {
    AION_TRY(const auto field, reader.next());
    if (!field) {
      return {};
    }
    AION_TRY_VOID(take(*field));
  }
}

Error out_of_place(const std::string& what, std::uint64_t at) {
  return Error{Code::InvalidArgument,
               "the file is no ONNX model: " + what + " at byte " + std::to_string(at)};
}

/// Bytes of `count` elements; nothing when that is more than a machine can hold.
std::optional<std::uint64_t> bytes_of(const Shape& shape, std::uint32_t bits) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 56U;
  std::uint64_t count = 1;
  for (const std::int64_t extent : shape) {
    if (extent == 0) {
      return 0;
    }
    if (extent < 0 || count > kMost / static_cast<std::uint64_t>(extent)) {
      return std::nullopt;
    }
    count *= static_cast<std::uint64_t>(extent);
  }
  return bits == 0 || count > kMost / bits ? std::nullopt : std::optional((count * bits + 7) / 8);
}

class Reader {
 public:
  Reader(Source& source, ReadLimits limits) : source_(source), limits_(limits) {}

  [[nodiscard]] Result<Model> model();

 private:
  /// Counts what is kept, before it is.
  [[nodiscard]] Result<void> keep(std::uint64_t bytes) {
    kept_ += bytes;
    if (kept_ > limits_.kept.count) {
      return Error{Code::ResourceExhausted,
                   "the model's graph takes more than " + to_string(limits_.kept)};
    }
    return {};
  }
  [[nodiscard]] Result<std::string> text(const Field& field);
  template <class T>
  [[nodiscard]] Result<void> numbers(const Field& field, std::uint32_t bytes, std::vector<T>& to);
  template <class T>
  [[nodiscard]] Result<void> append(std::vector<T>& to, T value) {
    AION_TRY_VOID(keep(sizeof(T)));
    to.push_back(std::move(value));
    return {};
  }
  [[nodiscard]] Result<Graph> graph(FileRange message, std::uint32_t depth);
  [[nodiscard]] Result<Node> node(FileRange message, std::uint32_t depth);
  [[nodiscard]] Result<Attribute> attribute(FileRange message, std::uint32_t depth);
  [[nodiscard]] Result<Constant> constant(FileRange message);
  [[nodiscard]] Result<void> integers(FileRange raw, Constant& constant);
  [[nodiscard]] Result<Value> value(FileRange message);
  [[nodiscard]] Result<void> tensor_type(FileRange message, Value& value);
  [[nodiscard]] Result<void> extent(FileRange message, Value& value);
  [[nodiscard]] Result<void> opset(FileRange message, Model& model);

  Source& source_;
  ReadLimits limits_;
  std::uint64_t kept_ = 0;
};

Result<std::string> Reader::text(const Field& field) {
  if (field.kind != Field::Kind::Bytes) {
    return out_of_place("a number stands where text was expected", field.range.offset);
  }
  AION_TRY_VOID(keep(field.range.size));
  std::string text(field.range.size, '\0');
  AION_TRY_VOID(source_.copy(field.range.offset, std::as_writable_bytes(std::span(text))));
  return text;
}

/// One number, or a packed list of them; `bytes` of each, 0 = varint.
template <class T>
Result<void> Reader::numbers(const Field& field, std::uint32_t bytes, std::vector<T>& to) {
  const auto convert = [](std::uint64_t bits) {
    if constexpr (std::is_same_v<T, float>) {
      return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    } else {
      return static_cast<T>(bits);
    }
  };
  if (field.kind == Field::Kind::Number) {
    return append(to, convert(field.value));
  }
  FieldReader reader(source_, field.range);
  for (;;) {
    AION_TRY(const auto value, reader.next_packed(bytes));
    if (!value) {
      return {};
    }
    AION_TRY_VOID(append(to, convert(*value)));
  }
}

Result<Model> Reader::model() {
  Model model;
  model.file = Bytes{source_.size()};
  bool has_graph = false;
  AION_TRY_VOID(
      for_each_field(source_, {0, source_.size()}, [&](const Field& field) -> Result<void> {
        const bool is_message = field.kind == Field::Kind::Bytes;
        if (field.number == 1) {
          model.ir_version = static_cast<std::int64_t>(field.value);
        } else if (field.number == 7 && is_message && !has_graph) {
          has_graph = true;
          model.graph_range = field.range;
          AION_TRY(model.graph, graph(field.range, 0));
        } else if (field.number == 7 && is_message) {
          return out_of_place("a second graph", field.range.offset);
        } else if (field.number == 8 && is_message) {
          AION_TRY_VOID(opset(field.range, model));
        } else if (field.number == 25) {
          model.has_functions = true;
        }
        return {};
      }));
  if (!has_graph) {
    return Error{Code::InvalidArgument, "the file is no ONNX model: it has no graph"};
  }
  return model;
}

Result<void> Reader::opset(FileRange message, Model& model) {
  std::string domain;
  std::int64_t version = 0;
  AION_TRY_VOID(for_each_field(source_, message, [&](const Field& field) -> Result<void> {
    if (field.number == 1) {
      AION_TRY(domain, text(field));
    } else if (field.number == 2) {
      version = static_cast<std::int64_t>(field.value);
    }
    return {};
  }));
  AION_TRY_VOID(keep(sizeof(version)));
  model.opsets[domain == "ai.onnx" ? "" : domain] = version;
  return {};
}

Result<Graph> Reader::graph(FileRange message, std::uint32_t depth) {  // NOLINT(misc-no-recursion)
  if (depth >= limits_.depth) {
    return Error{Code::ResourceExhausted,
                 "the model's graphs lie inside each other more than " +
                     std::to_string(limits_.depth) + " deep"};
  }
  Graph graph;
  const auto take = [&](const Field& field) -> Result<void> {  // NOLINT(misc-no-recursion)
    if (field.kind != Field::Kind::Bytes) {
      return {};
    }
    switch (field.number) {
      case 1: {
        AION_TRY(Node made, node(field.range, depth));
        return append(graph.nodes, std::move(made));
      }
      case 2: {
        AION_TRY(graph.name, text(field));
        return {};
      }
      case 5: {
        AION_TRY(Constant made, constant(field.range));
        return append(graph.initialisers, std::move(made));
      }
      case 11:
      case 12:
      case 13: {
        AION_TRY(Value made, value(field.range));
        return append(field.number == 11   ? graph.inputs
                      : field.number == 12 ? graph.outputs
                                           : graph.values,
                      std::move(made));
      }
      default:
        return {};
    }
  };
  AION_TRY_VOID(for_each_field(source_, message, take));
  return graph;
}

Result<Node> Reader::node(FileRange message, std::uint32_t depth) {  // NOLINT(misc-no-recursion)
  Node node;
  node.range = message;
  const auto take = [&](const Field& field) -> Result<void> {  // NOLINT(misc-no-recursion)
    if (field.number == 5 && field.kind == Field::Kind::Bytes) {
      AION_TRY(Attribute made, attribute(field.range, depth));
      return append(node.attributes, std::move(made));
    }
    if (field.number == 1 || field.number == 2) {
      AION_TRY(std::string name, text(field));
      return append(field.number == 1 ? node.inputs : node.outputs, std::move(name));
    }
    std::string* const place = field.number == 3   ? &node.name
                               : field.number == 4 ? &node.op
                               : field.number == 7 ? &node.domain
                                                   : nullptr;
    if (place != nullptr) {
      AION_TRY(*place, text(field));
    }
    return {};
  };
  AION_TRY_VOID(for_each_field(source_, message, take));
  if (node.domain == "ai.onnx") {
    node.domain.clear();
  }
  return node;
}

// NOLINTNEXTLINE(misc-no-recursion)
Result<Attribute> Reader::attribute(FileRange message, std::uint32_t depth) {
  Attribute attribute;
  const auto take = [&](const Field& field) -> Result<void> {  // NOLINT(misc-no-recursion)
    const bool is_message = field.kind == Field::Kind::Bytes;
    if ((field.number == 5 || field.number == 10) && is_message) {
      AION_TRY(Constant made, constant(field.range));
      return append(attribute.tensors, std::move(made));
    }
    if ((field.number == 6 || field.number == 11) && is_message) {
      AION_TRY(Graph body, graph(field.range, depth + 1));
      return append(attribute.graphs, std::make_shared<const Graph>(std::move(body)));
    }
    switch (field.number) {
      case 1: {
        AION_TRY(attribute.name, text(field));
        return {};
      }
      case 2:
        attribute.number = std::bit_cast<float>(static_cast<std::uint32_t>(field.value));
        return {};
      case 3:
        attribute.integer = static_cast<std::int64_t>(field.value);
        return {};
      case 4: {
        AION_TRY(attribute.text, text(field));
        return {};
      }
      case 7:
        return numbers(field, 4, attribute.numbers);
      case 8:
        return numbers(field, 0, attribute.integers);
      default:
        return {};
    }
  };
  AION_TRY_VOID(for_each_field(source_, message, take));
  return attribute;
}

/// The few numbers that shapes are made of, out of little-endian bytes.
Result<void> Reader::integers(FileRange raw, Constant& constant) {
  const std::uint32_t bytes = bits_of(constant.type) / 8;
  FieldReader reader(source_, raw);
  if (bytes == 1) {
    std::vector<std::byte> room(raw.size);
    AION_TRY_VOID(source_.copy(raw.offset, room));
    std::ranges::transform(room, std::back_inserter(constant.integers), [](std::byte one) {
      return std::to_integer<std::int64_t>(one);
    });
    return {};
  }
  for (;;) {
    AION_TRY(const auto value, reader.next_packed(bytes));
    if (!value) {
      return {};
    }
    constant.integers.push_back(bytes == 4 ? static_cast<std::int32_t>(*value)
                                           : static_cast<std::int64_t>(*value));
  }
}

Result<Constant> Reader::constant(FileRange message) {
  Constant constant;
  constant.range = message;
  std::optional<FileRange> raw;
  std::vector<Field> lists;  // packed or lone numbers of int32 and int64
  std::uint64_t characters = 0;
  const auto take = [&](const Field& field) -> Result<void> {
    switch (field.number) {
      case 1:
        return numbers(field, 0, constant.shape);
      case 2:
        constant.type = static_cast<ElementType>(field.value);
        return {};
      case 5:
      case 7:
        return lists.size() < kMostIntegers ? append(lists, field) : Result<void>();
      case 6:
        characters += field.range.size;
        return {};
      case 8: {
        AION_TRY(constant.name, text(field));
        return {};
      }
      case 9:
        raw = field.range;
        return {};
      case 14:
        constant.is_external = field.value == 1;
        return {};
      default:
        return {};
    }
  };
  AION_TRY_VOID(for_each_field(source_, message, take));
  if (constant.type == ElementType::String) {
    constant.bytes = Bytes{characters};
    return constant;
  }
  const auto bytes = bytes_of(constant.shape, bits_of(constant.type));
  if (!bytes) {
    return out_of_place("a tensor '" + constant.name + "' without a size", message.offset);
  }
  constant.bytes = Bytes{*bytes};
  if (raw && !constant.is_external && raw->size != *bytes) {
    return out_of_place("tensor '" + constant.name + "' holds " + std::to_string(raw->size) +
                            " bytes where its shape asks for " + std::to_string(*bytes),
                        message.offset);
  }
  const bool is_integer = constant.type == ElementType::Int64 ||
                          constant.type == ElementType::Int32 || constant.type == ElementType::Bool;
  if (!is_integer || constant.is_external ||
      *bytes * 8 > kMostIntegers * std::uint64_t{bits_of(constant.type)}) {
    return constant;
  }
  const std::uint64_t count = *bytes * 8 / bits_of(constant.type);
  AION_TRY_VOID(keep(count * sizeof(std::int64_t)));
  if (raw) {
    AION_TRY_VOID(integers(*raw, constant));
  }
  for (const Field& list : lists) {
    AION_TRY_VOID(numbers(list, 0, constant.integers));
  }
  if (constant.integers.size() != count) {
    return out_of_place("tensor '" + constant.name + "' holds " +
                            std::to_string(constant.integers.size()) +
                            " numbers where its shape asks for " + std::to_string(count),
                        message.offset);
  }
  return constant;
}

Result<Value> Reader::value(FileRange message) {
  Value value;
  value.range = message;
  AION_TRY_VOID(for_each_field(source_, message, [&](const Field& field) -> Result<void> {
    if (field.number == 1) {
      AION_TRY(value.name, text(field));
    } else if (field.number == 2 && field.kind == Field::Kind::Bytes) {
      return for_each_field(source_, field.range, [&](const Field& type) -> Result<void> {
        return type.number == 1 && type.kind == Field::Kind::Bytes ? tensor_type(type.range, value)
                                                                   : Result<void>();
      });
    }
    return {};
  }));
  return value;
}

Result<void> Reader::tensor_type(FileRange message, Value& value) {
  return for_each_field(source_, message, [&](const Field& field) -> Result<void> {
    if (field.number == 1) {
      value.type = static_cast<ElementType>(field.value);
    } else if (field.number == 2 && field.kind == Field::Kind::Bytes) {
      value.shape.emplace();
      value.symbols.clear();
      return for_each_field(source_, field.range, [&](const Field& one) -> Result<void> {
        return one.number == 1 && one.kind == Field::Kind::Bytes ? extent(one.range, value)
                                                                 : Result<void>();
      });
    }
    return {};
  });
}

Result<void> Reader::extent(FileRange message, Value& value) {
  std::int64_t extent = -1;
  std::string symbol;
  AION_TRY_VOID(for_each_field(source_, message, [&](const Field& field) -> Result<void> {
    if (field.number == 1) {
      extent = std::max<std::int64_t>(static_cast<std::int64_t>(field.value), -1);
    } else if (field.number == 2) {
      AION_TRY(symbol, text(field));
    }
    return {};
  }));
  AION_TRY_VOID(append(*value.shape, extent));
  return append(value.symbols, std::move(symbol));
}

}  // namespace

Result<Model> read_model(const std::filesystem::path& file, ReadLimits limits) {
  AION_TRY(const auto source, Source::open(file));
  return Reader(*source, limits).model();
}

Result<Model> read_model(std::span<const std::byte> memory, ReadLimits limits) {
  Source source(memory);
  return Reader(source, limits).model();
}

}  // namespace aion::graph
