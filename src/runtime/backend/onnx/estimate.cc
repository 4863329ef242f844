#include "runtime/backend/onnx/estimate.h"

#include <map>
#include <string_view>
#include <system_error>
#include <utility>

#include "graph/memory.h"
#include "graph/read_model.h"

namespace aion::runtime::onnx {

namespace {

// Measured with ONNX Runtime 1.30 on models of 10 to 2,000 nodes: docs/benchmarks.md.
constexpr std::uint64_t kPerSession = 384U << 10U;
constexpr std::uint64_t kPerNode = 3U << 10U;

// The file, and the library's parsed form of it, from which each weight is copied to where it
// stays.
constexpr std::uint64_t kLoadingCopies = 2;

std::uint64_t nodes_of(const graph::Graph& graph) {  // NOLINT(misc-no-recursion): bounded depth
  std::uint64_t nodes = graph.nodes.size();
  for (const graph::Node& node : graph.nodes) {
    for (const graph::Attribute& attribute : node.attributes) {
      for (const auto& body : attribute.graphs) {
        nodes += nodes_of(*body);
      }
    }
  }
  return nodes;
}

/// Products of matrices read their weights in another order; the library keeps the first one, too.
std::uint64_t packed_bytes(const graph::Graph& graph) {
  std::map<std::string_view, std::uint64_t> weights;
  for (const graph::Constant& constant : graph.initialisers) {
    if (constant.shape.size() >= 2 && constant.type == graph::ElementType::Float) {
      weights[constant.name] = constant.bytes.count;
    }
  }
  std::uint64_t packed = 0;
  for (const graph::Node& node : graph.nodes) {
    const bool packs = node.op == "MatMul" || node.op == "Gemm";
    if (packs && node.inputs.size() > 1) {
      packed += std::exchange(weights[node.inputs[1]], 0);
    }
  }
  return packed;
}

}  // namespace

Bytes size_of(const std::filesystem::path& model) {
  std::error_code unreadable;
  const std::uintmax_t size = std::filesystem::file_size(model, unreadable);
  return Bytes{unreadable ? 0 : size};
}

Result<Needs> estimate_needs(const std::filesystem::path& model, std::int64_t rows) {
  AION_TRY(const graph::Model read, graph::read_model(model));
  Needs needs;
  needs.weights = read.constants();
  needs.packed = Bytes{packed_bytes(read.graph)};
  needs.session = Bytes{kPerSession + nodes_of(read.graph) * kPerNode};
  needs.running = graph::activation_peak(read, rows);
  needs.loading = Bytes{read.file.count * kLoadingCopies};
  return needs;
}

}  // namespace aion::runtime::onnx
