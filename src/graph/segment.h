// Cuts a model into parts that are models themselves and run one after the other.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "graph/model.h"

namespace aion::graph {

/// A place between two nodes where little has to be carried over.
struct Cut {
  std::size_t node = 0;      // the first one behind it
  std::size_t crossing = 0;  // values made before it and used behind it, that are not outputs alone
  double share = 0;          // of the bytes of the constants that nodes use: those used before it
};

/// Every place where at most `most_crossing` values cross; ascending.
[[nodiscard]] std::vector<Cut> cuts_of(const Model& model, std::size_t most_crossing);

/// The nodes from `begin` to before `end`, as a model.
struct Segment {
  std::vector<std::string> inputs;   // what it needs: inputs of the whole, and what others made
  std::vector<std::string> outputs;  // what others need, and outputs of the whole
  std::string onnx;                  // its bytes
};

/// Types of values by name, by which a runtime tells what the file does not: one that has optimised
/// a graph writes no types of the values in between.
using ElementTypes = std::map<std::string, ElementType, std::less<>>;

/// `file` holds the bytes that `model` was read from. `begin` and `end` are nodes, 0 to their
/// number; the part is from one to before the other. An output whose type is not known is written
/// without.
///
/// fails   Unimplemented   a constant lies in another file, or an output is made by no node
///         InvalidArgument the type of a value that comes from another part is not known
struct SegmentRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};
[[nodiscard]] Result<Segment> segment_of(const Model& model,
                                         std::string_view file,
                                         SegmentRange range,
                                         const ElementTypes& types = {});

}  // namespace aion::graph
