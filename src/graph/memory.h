// How much memory a run of a graph needs at the same time.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "graph/model.h"

namespace aion::graph {

/// The most bytes of activations that are alive at once when the nodes run in their order: from the
/// node that makes a value to the last that reads it; outputs stay. The model's inputs belong to
/// the caller. A value whose shape cannot be inferred counts as much as the largest input of its
/// node.
[[nodiscard]] Bytes activation_peak(const Model& model, std::int64_t rows);

}  // namespace aion::graph
