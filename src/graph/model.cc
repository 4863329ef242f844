#include "graph/model.h"

#include <algorithm>

namespace aion::graph {

std::uint32_t bits_of(ElementType type) {
  switch (static_cast<std::int32_t>(type)) {
    case 1:   // float
    case 6:   // int32
    case 12:  // uint32
      return 32;
    case 2:   // uint8
    case 3:   // int8
    case 9:   // bool
    case 17:  // the float8 types
    case 18:
    case 19:
    case 20:
    case 24:
      return 8;
    case 4:   // uint16
    case 5:   // int16
    case 10:  // float16
    case 16:  // bfloat16
      return 16;
    case 7:   // int64
    case 11:  // double
    case 13:  // uint64
    case 14:  // complex64
      return 64;
    case 15:  // complex128
      return 128;
    case 21:  // uint4
    case 22:  // int4
    case 23:  // float4
      return 4;
    default:
      return 0;
  }
}

const Attribute* Node::attribute(std::string_view wanted) const {
  const auto found = std::ranges::find(attributes, wanted, &Attribute::name);
  return found == attributes.end() ? nullptr : &*found;
}

namespace {

// The depth of bodies is bounded by the reader.
std::uint64_t constants_of(const Graph& graph) {  // NOLINT(misc-no-recursion)
  std::uint64_t sum = 0;
  for (const Constant& initialiser : graph.initialisers) {
    sum += initialiser.bytes.count;
  }
  for (const Node& node : graph.nodes) {
    for (const Attribute& attribute : node.attributes) {
      for (const Constant& tensor : attribute.tensors) {
        sum += tensor.bytes.count;
      }
      for (const auto& body : attribute.graphs) {
        sum += constants_of(*body);
      }
    }
  }
  return sum;
}

}  // namespace

Bytes Model::constants() const {
  return Bytes{constants_of(graph)};
}

}  // namespace aion::graph
