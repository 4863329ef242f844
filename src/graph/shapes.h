// What shape and type each value of a graph has, as far as the graph tells.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "graph/model.h"

namespace aion::graph {

/// A value as it is when a run computes it.
struct KnownValue {
  ElementType type = ElementType::Undefined;
  Shape shape;                         // nothing is open
  std::vector<std::int64_t> integers;  // its elements, where they are few, whole and known
};

/// Values by name. What is not in it is not known.
using KnownValues = std::map<std::string, KnownValue, std::less<>>;

/// Goes through the nodes in their order. Of the inputs, an open first extent is `rows`, each other
/// open one is 1. Bodies of If, Loop and Scan are left out. An operator that is not known, or whose
/// inputs are not, gives values that are not known. Time goes with the number of nodes.
[[nodiscard]] KnownValues infer_shapes(const Model& model, std::int64_t rows);

/// Bytes of the value; 0 for text.
[[nodiscard]] Bytes bytes_of(const KnownValue& value);

}  // namespace aion::graph
