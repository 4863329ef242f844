#include "graph/memory.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "graph/shapes.h"

namespace aion::graph {

namespace {

// Beyond any machine; keeps sums from overflowing.
constexpr std::uint64_t kMost = std::uint64_t{1} << 50U;

using Sizes = std::map<std::string_view, std::uint64_t>;

// These hand their input on where the library can.
bool is_view(std::string_view op) {
  return op == "Reshape" || op == "Squeeze" || op == "Unsqueeze" || op == "Flatten" ||
         op == "Identity" || op == "Dropout";
}

/// Bytes of what the node's outputs add.
std::uint64_t made_by(const Node& node, const KnownValues& known, Sizes& sizes) {
  std::uint64_t largest = 0;
  for (const std::string& input : node.inputs) {
    const auto size = sizes.find(input);
    largest = std::max(largest, size == sizes.end() ? 0 : size->second);
  }
  std::uint64_t made = 0;
  for (const std::string& output : node.outputs) {
    const auto value = known.find(output);
    const std::uint64_t bytes =
        is_view(node.op) ? 0 : (value == known.end() ? largest : bytes_of(value->second).count);
    sizes[output] = std::min(bytes, kMost);
    made = std::min(made + sizes[output], kMost);
  }
  return made;
}

}  // namespace

Bytes activation_peak(const Model& model, std::int64_t rows) {
  const KnownValues known = infer_shapes(model, rows);
  const std::vector<Node>& nodes = model.graph.nodes;
  std::map<std::string_view, std::size_t> last_read;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (const std::string& input : nodes[i].inputs) {
      last_read[input] = i;
    }
  }
  for (const Value& output : model.graph.outputs) {
    last_read[output.name] = nodes.size();
  }
  Sizes sizes;
  std::vector<std::uint64_t> ends(nodes.size() + 1);  // bytes that are free after each node
  std::uint64_t alive = 0;
  std::uint64_t peak = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    alive = std::min(alive + made_by(nodes[i], known, sizes), kMost);
    peak = std::max(peak, alive);
    for (const std::string& output : nodes[i].outputs) {
      const auto read = last_read.find(output);
      const std::size_t end = std::max(i, read == last_read.end() ? i : read->second);
      ends[end] = std::min(ends[end] + sizes[output], kMost);
    }
    alive -= std::min(alive, ends[i]);
  }
  return Bytes{peak};
}

}  // namespace aion::graph
