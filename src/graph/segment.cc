#include "graph/segment.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include "graph/source.h"
#include "graph/wire.h"

namespace aion::graph {

namespace {

// Fields of onnx.proto.
constexpr std::uint32_t kModelGraph = 7;
constexpr std::uint32_t kGraphNode = 1;
constexpr std::uint32_t kGraphName = 2;
constexpr std::uint32_t kGraphInitializer = 5;
constexpr std::uint32_t kGraphInput = 11;
constexpr std::uint32_t kGraphOutput = 12;

void put_varint(std::string& out, std::uint64_t value) {
  constexpr std::uint64_t kPart = 0x7f;
  for (; value > kPart; value >>= 7U) {
    out.push_back(static_cast<char>((value & kPart) | 0x80U));
  }
  out.push_back(static_cast<char>(value));
}

void put_bytes(std::string& out, std::uint32_t field, std::string_view bytes) {
  put_varint(out, (std::uint64_t{field} << 3U) | 2U);
  put_varint(out, bytes.size());
  out += bytes;
}

std::string_view text_of(std::string_view file, FileRange range) {
  return file.substr(range.offset, range.size);
}

using Visit = std::function<void(const std::string&)>;

/// Every value that the node uses, also inside of its bodies (and some that only these know).
void visit_uses(const Node& node, const Visit& visit) {
  std::ranges::for_each(node.inputs, visit);
  for (const Attribute& attribute : node.attributes) {
    for (const auto& body : attribute.graphs) {
      for (const Node& inner : body->nodes) {
        visit_uses(inner, visit);
      }
      for (const Value& output : body->outputs) {
        visit(output.name);
      }
    }
  }
}

/// What is known of the values of a graph, by name. Views of the model.
class Values {
 public:
  explicit Values(const Graph& graph) {
    for (const Constant& constant : graph.initialisers) {
      constants_.emplace(constant.name, &constant);
    }
    for (const auto* const list : {&graph.inputs, &graph.outputs, &graph.values}) {
      for (const Value& value : *list) {
        if (value.type != ElementType::Undefined) {
          typed_.emplace(value.name, &value);
        }
      }
    }
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      for (const std::string& output : graph.nodes[i].outputs) {
        made_by_.emplace(output, i);
      }
      visit_uses(graph.nodes[i], [&](const std::string& name) { last_use_[name] = i; });
    }
  }

  [[nodiscard]] const Constant* constant(const std::string& name) const {
    const auto found = constants_.find(name);
    return found == constants_.end() ? nullptr : found->second;
  }
  [[nodiscard]] const Value* typed(const std::string& name) const {
    const auto found = typed_.find(name);
    return found == typed_.end() ? nullptr : found->second;
  }
  [[nodiscard]] bool is_made(const std::string& name) const { return made_by_.contains(name); }
  /// The last node that uses it; its maker where none does.
  [[nodiscard]] std::size_t last_use(const std::string& name) const {
    const auto found = last_use_.find(name);
    return found == last_use_.end() ? made_by_.at(name) : found->second;
  }

 private:
  std::unordered_map<std::string, const Constant*> constants_;
  std::unordered_map<std::string, const Value*> typed_;
  std::unordered_map<std::string, std::size_t> made_by_;
  std::unordered_map<std::string, std::size_t> last_use_;
};

/// Bytes of the constants that each node is the first to use, and a little for itself.
std::vector<double> weights_of(const Graph& graph, const Values& values) {
  std::vector<double> weights(graph.nodes.size(), 1.0);
  std::unordered_set<std::string> seen;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    visit_uses(graph.nodes[i], [&](const std::string& name) {
      const Constant* const constant = values.constant(name);
      if (constant != nullptr && seen.insert(name).second) {
        weights[i] += static_cast<double>(constant->bytes.count);
      }
    });
  }
  return weights;
}

/// All of the model but its graph.
Result<std::string> head_of(std::string_view file) {
  std::string head;
  Source source(std::as_bytes(std::span(file)));
  FieldReader fields(source, {0, file.size()});
  while (true) {
    AION_TRY(const auto field, fields.next());
    if (!field) {
      return head;
    }
    if (field->kind == Field::Kind::Number) {
      put_varint(head, std::uint64_t{field->number} << 3U);
      put_varint(head, field->value);
    } else if (field->number != kModelGraph) {
      put_bytes(head, field->number, text_of(file, field->range));
    }
  }
}

/// ValueInfoProto: with the type that the file tells, or else with that of `types`.
std::string value_info(const Values& values,
                       const std::string& name,
                       std::string_view file,
                       const ElementTypes& types) {
  constexpr std::uint32_t kName = 1;
  constexpr std::uint32_t kType = 2;
  constexpr std::uint32_t kTensorType = 1;
  if (const Value* const value = values.typed(name)) {
    return std::string(text_of(file, value->range));
  }
  std::string info;
  put_bytes(info, kName, name);
  if (const auto known = types.find(name); known != types.end()) {
    std::string tensor;
    put_varint(tensor, 1U << 3U);  // elem_type
    put_varint(tensor, static_cast<std::uint64_t>(known->second));
    std::string type;
    put_bytes(type, kTensorType, tensor);
    put_bytes(info, kType, type);
  }
  return info;
}

}  // namespace

std::vector<Cut> cuts_of(const Model& model, std::size_t most_crossing) {
  const Graph& graph = model.graph;
  const Values values(graph);
  const std::size_t nodes = graph.nodes.size();
  // How many begin to cross, less those that end to, before each node.
  std::vector<std::ptrdiff_t> crossing(nodes + 1, 0);
  for (std::size_t i = 0; i < nodes; ++i) {
    for (const std::string& output : graph.nodes[i].outputs) {
      if (output.empty() || values.last_use(output) == i) {
        continue;
      }
      const std::size_t last = values.last_use(output);
      ++crossing[i + 1];
      --crossing[last + 1];
    }
  }
  const std::vector<double> weights = weights_of(graph, values);
  double all = 0;
  for (const double weight : weights) {
    all += weight;
  }
  std::vector<Cut> cuts;
  std::ptrdiff_t now_crossing = 0;
  double before = 0;
  for (std::size_t i = 0; i < nodes; ++i) {
    now_crossing += crossing[i];
    if (i > 0 && static_cast<std::size_t>(now_crossing) <= most_crossing) {
      cuts.push_back({i, static_cast<std::size_t>(now_crossing), before / all});
    }
    before += weights[i];
  }
  return cuts;
}

Result<Segment> segment_of(const Model& model,
                           std::string_view file,
                           SegmentRange range,
                           const ElementTypes& types) {
  const Graph& graph = model.graph;
  const Values values(graph);
  Segment segment;
  std::string body;
  put_bytes(body, kGraphName, graph.name);
  std::set<std::string> made;
  std::set<std::string> seen;
  std::vector<const Constant*> constants;
  for (std::size_t i = range.begin; i < range.end; ++i) {
    const Node& node = graph.nodes[i];
    put_bytes(body, kGraphNode, text_of(file, node.range));
    visit_uses(node, [&](const std::string& name) {
      if (name.empty() || made.contains(name) || !seen.insert(name).second) {
        return;
      }
      if (const Constant* const constant = values.constant(name)) {
        constants.push_back(constant);
      } else if (values.is_made(name) || values.typed(name) != nullptr) {
        segment.inputs.push_back(name);  // else a name that only a body knows
      }
    });
    made.insert(node.outputs.begin(), node.outputs.end());
  }
  for (std::size_t i = range.begin; i < range.end; ++i) {
    for (const std::string& output : graph.nodes[i].outputs) {
      const bool is_output = std::ranges::any_of(
          graph.outputs, [&](const Value& value) { return value.name == output; });
      if (!output.empty() && (is_output || values.last_use(output) >= range.end)) {
        segment.outputs.push_back(output);
      }
    }
  }
  for (const Constant* const constant : constants) {
    if (constant->is_external) {
      return Error{Code::Unimplemented,
                   "the constant '" + constant->name + "' lies in another file"};
    }
    put_bytes(body, kGraphInitializer, text_of(file, constant->range));
  }
  for (const std::string& name : segment.inputs) {
    if (values.typed(name) == nullptr && !types.contains(name)) {
      return Error{Code::InvalidArgument, "the type of '" + name + "' is not known"};
    }
    put_bytes(body, kGraphInput, value_info(values, name, file, types));
  }
  for (const std::string& name : segment.outputs) {
    put_bytes(body, kGraphOutput, value_info(values, name, file, types));
  }
  for (const Value& output : graph.outputs) {
    if (!values.is_made(output.name)) {
      return Error{Code::Unimplemented, "the output '" + output.name + "' is made by no node"};
    }
  }
  AION_TRY(segment.onnx, head_of(file));
  put_bytes(segment.onnx, kModelGraph, body);
  return segment;
}

}  // namespace aion::graph
