// The reader of ONNX files: any bytes give a model whose ranges lie in the file, or an error; the
// memory of its runs can be told.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "graph/memory.h"
#include "graph/read_model.h"

namespace {

using aion::graph::FileRange;

bool lies_in(const FileRange& range, std::size_t size) {
  return range.offset <= size && range.size <= size - range.offset;
}

bool is_sound(const aion::graph::Model& model, std::size_t size) {
  bool is_right = lies_in(model.graph_range, size);
  for (const auto& node : model.graph.nodes) {
    is_right = is_right && lies_in(node.range, size);
  }
  for (const auto& constant : model.graph.initialisers) {
    is_right = is_right && lies_in(constant.range, size) &&
               constant.integers.size() <= aion::graph::kMostIntegers;
  }
  return is_right;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto read = aion::graph::read_model(std::as_bytes(std::span(data, size)));
  const bool is_right =
      read ? is_sound(*read, size) && aion::graph::activation_peak(*read, 2).count <= (1ULL << 51U)
           : !read.error().message.empty();
  if (!is_right) {
    std::abort();
  }
  return 0;
}
