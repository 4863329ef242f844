// What shape an operator gives its outputs.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "graph/model.h"
#include "graph/shapes.h"

namespace aion::graph {

/// One for each output that the rule knows; nothing where it does not, or where the inputs do not
/// go together. A null input is not known, or not given.
///
/// A pure function.
[[nodiscard]] std::vector<std::optional<KnownValue>> apply_shape_rule(
    const Node& node, std::span<const KnownValue* const> inputs);

}  // namespace aion::graph
