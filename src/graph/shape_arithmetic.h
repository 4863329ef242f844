// What the rules of operators share: attributes, axes, extents that cannot overflow.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/model.h"
#include "graph/shapes.h"

namespace aion::graph {

using Inputs = std::span<const KnownValue* const>;
using Output = std::optional<KnownValue>;

// Beyond this an extent is a mistake, and products of two still fit.
inline constexpr std::int64_t kMostExtent = std::int64_t{1} << 40U;
inline constexpr std::size_t kMostRank = 64;

inline const KnownValue* at(Inputs inputs, std::size_t i) {
  return i < inputs.size() ? inputs[i] : nullptr;
}

inline std::int64_t integer_of(const Node& node, std::string_view name, std::int64_t otherwise) {
  const Attribute* const found = node.attribute(name);
  return found == nullptr ? otherwise : found->integer;
}

/// The numbers of an attribute, or of an input, which has their place in newer opsets.
inline std::optional<std::vector<std::int64_t>> list_of(const Node& node,
                                                        Inputs inputs,
                                                        std::string_view name,
                                                        std::size_t input) {
  if (const Attribute* const found = node.attribute(name)) {
    return found->integers;
  }
  const KnownValue* const value = at(inputs, input);
  if (value == nullptr || value->integers.empty()) {
    return std::nullopt;
  }
  return value->integers;
}

/// Counted from the front; nothing when it lies outside.
inline std::optional<std::size_t> axis_in(std::int64_t axis, std::size_t rank) {
  const auto whole = static_cast<std::int64_t>(rank);
  const std::int64_t from_front = axis < 0 ? axis + whole : axis;
  return from_front < 0 || from_front >= whole
             ? std::nullopt
             : std::optional(static_cast<std::size_t>(from_front));
}

inline std::optional<std::int64_t> product(std::span<const std::int64_t> extents) {
  std::int64_t count = 1;
  for (const std::int64_t extent : extents) {
    if (extent < 0 || extent > kMostExtent || (extent != 0 && count > kMostExtent / extent)) {
      return std::nullopt;
    }
    count *= extent;
  }
  return count;
}

inline Output shaped(ElementType type, Shape shape) {
  if (shape.size() > kMostRank || !product(shape)) {
    return std::nullopt;
  }
  return KnownValue{type, std::move(shape), {}};
}

inline std::optional<Shape> broadcast(const Shape& a, const Shape& b) {
  Shape shape(std::max(a.size(), b.size()), 1);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const std::int64_t left = i < a.size() ? a[a.size() - 1 - i] : 1;
    const std::int64_t right = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (left != right && left != 1 && right != 1) {
      return std::nullopt;
    }
    shape[shape.size() - 1 - i] = left == 1 ? right : left;
  }
  return shape;
}

// The rules of operators that give the same elements another shape.
[[nodiscard]] Output reshape(const Node& node, Inputs inputs);
[[nodiscard]] Output flatten(const Node& node, Inputs inputs);
[[nodiscard]] Output squeeze(const Node& node, Inputs inputs);
[[nodiscard]] Output unsqueeze(const Node& node, Inputs inputs);
[[nodiscard]] Output transpose(const Node& node, Inputs inputs);

// The rules of operators that slide a window, behind batch and channels.
[[nodiscard]] Output convolution(const Node& node, Inputs inputs);
[[nodiscard]] Output transposed_convolution(const Node& node, Inputs inputs);
[[nodiscard]] Output pool(const Node& node, Inputs inputs);
[[nodiscard]] Output global_pool(const Node& node, Inputs inputs);

}  // namespace aion::graph
