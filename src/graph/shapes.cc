#include "graph/shapes.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>

#include "graph/shape_rules.h"

namespace aion::graph {

Bytes bytes_of(const KnownValue& value) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 50U;
  std::uint64_t bits = bits_of(value.type);
  for (const std::int64_t extent : value.shape) {
    if (extent <= 0) {
      return Bytes{};
    }
    if (bits > kMost / static_cast<std::uint64_t>(extent)) {
      return Bytes{kMost / 8};
    }
    bits *= static_cast<std::uint64_t>(extent);
  }
  return Bytes{(bits + 7) / 8};
}

namespace {

KnownValue known_of(const Constant& constant) {
  return {constant.type, constant.shape, constant.integers};
}

std::optional<KnownValue> known_of(const Value& value, std::int64_t rows) {
  if (!value.shape || value.type == ElementType::Undefined) {
    return std::nullopt;
  }
  KnownValue known{value.type, *value.shape, {}};
  for (std::size_t i = 0; i < known.shape.size(); ++i) {
    if (known.shape[i] < 0) {
      known.shape[i] = i == 0 ? rows : 1;
    }
  }
  return known;
}

bool is_closed(const Value& value) {
  return value.shape && std::ranges::all_of(*value.shape, [](std::int64_t e) { return e >= 0; });
}

}  // namespace

KnownValues infer_shapes(const Model& model, std::int64_t rows) {
  KnownValues known;
  for (const Constant& constant : model.graph.initialisers) {
    known.insert_or_assign(constant.name, known_of(constant));
  }
  for (const Value& input : model.graph.inputs) {
    if (auto value = known_of(input, rows)) {
      known.try_emplace(input.name, *std::move(value));
    }
  }
  // What the exporter has written down stands where a rule says nothing, if it left nothing open.
  std::map<std::string_view, const Value*> written;
  for (const auto* values : {&model.graph.values, &model.graph.outputs}) {
    for (const Value& value : *values) {
      if (is_closed(value)) {
        written[value.name] = &value;
      }
    }
  }
  for (const Node& node : model.graph.nodes) {
    std::vector<const KnownValue*> inputs;
    for (const std::string& name : node.inputs) {
      const auto found = known.find(name);
      inputs.push_back(found == known.end() ? nullptr : &found->second);
    }
    std::vector<std::optional<KnownValue>> outputs = apply_shape_rule(node, inputs);
    outputs.resize(node.outputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const auto noted = written.find(node.outputs[i]);
      if (!outputs[i] && noted != written.end()) {
        outputs[i] = known_of(*noted->second, rows);
      }
      if (outputs[i] && !node.outputs[i].empty()) {
        known.insert_or_assign(node.outputs[i], *std::move(outputs[i]));
      }
    }
  }
  return known;
}

}  // namespace aion::graph
