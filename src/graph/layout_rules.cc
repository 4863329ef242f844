// The rules of operators that give the same elements another shape.
#include "graph/shape_arithmetic.h"

namespace aion::graph {

Output reshape(const Node& node, Inputs inputs) {
  const KnownValue* const input = at(inputs, 0);
  auto wanted = list_of(node, inputs, "shape", 1);
  const auto count = input == nullptr ? std::nullopt : product(input->shape);
  if (!wanted || !count || wanted->size() > kMostRank) {
    return std::nullopt;
  }
  std::int64_t known = 1;
  std::optional<std::size_t> open;
  for (std::size_t i = 0; i < wanted->size(); ++i) {
    std::int64_t& extent = (*wanted)[i];
    if (extent == 0 && integer_of(node, "allowzero", 0) == 0 && i < input->shape.size()) {
      extent = input->shape[i];
    }
    if (extent < 0) {
      open = i;
    } else if (extent > kMostExtent || (extent > 0 && known > kMostExtent / extent)) {
      return std::nullopt;
    } else {
      known *= extent;
    }
  }
  if (open) {
    (*wanted)[*open] = known == 0 ? 0 : *count / known;
  }
  Output out = shaped(input->type, *std::move(wanted));
  if (out) {
    out->integers = input->integers;
  }
  return out;
}

Output flatten(const Node& node, Inputs inputs) {
  const KnownValue* const input = at(inputs, 0);
  const std::int64_t axis = integer_of(node, "axis", 1);
  if (input == nullptr || axis < 0 || axis > static_cast<std::int64_t>(input->shape.size())) {
    return std::nullopt;
  }
  const std::span<const std::int64_t> shape(input->shape);
  const auto before = product(shape.first(static_cast<std::size_t>(axis)));
  const auto behind = product(shape.subspan(static_cast<std::size_t>(axis)));
  return before && behind ? shaped(input->type, {*before, *behind}) : std::nullopt;
}

Output squeeze(const Node& node, Inputs inputs) {
  const KnownValue* const input = at(inputs, 0);
  if (input == nullptr) {
    return std::nullopt;
  }
  const auto axes = list_of(node, inputs, "axes", 1);
  std::vector<bool> goes(input->shape.size(), false);
  for (std::size_t i = 0; i < goes.size(); ++i) {
    goes[i] = !axes && input->shape[i] == 1;
  }
  for (const std::int64_t one : axes.value_or(std::vector<std::int64_t>())) {
    const auto axis = axis_in(one, goes.size());
    if (!axis) {
      return std::nullopt;
    }
    goes[*axis] = true;
  }
  KnownValue out{input->type, {}, input->integers};
  for (std::size_t i = 0; i < goes.size(); ++i) {
    if (!goes[i]) {
      out.shape.push_back(input->shape[i]);
    }
  }
  return out;
}

Output unsqueeze(const Node& node, Inputs inputs) {
  const KnownValue* const input = at(inputs, 0);
  const auto axes = list_of(node, inputs, "axes", 1);
  if (input == nullptr || !axes || input->shape.size() + axes->size() > kMostRank) {
    return std::nullopt;
  }
  const std::size_t rank = input->shape.size() + axes->size();
  std::vector<bool> is_new(rank, false);
  for (const std::int64_t one : *axes) {
    const auto axis = axis_in(one, rank);
    if (!axis || is_new[*axis]) {
      return std::nullopt;
    }
    is_new[*axis] = true;
  }
  KnownValue out{input->type, {}, input->integers};
  auto next = input->shape.begin();
  for (std::size_t i = 0; i < rank; ++i) {
    out.shape.push_back(is_new[i] ? 1 : *next++);
  }
  return out;
}

Output transpose(const Node& node, Inputs inputs) {
  const KnownValue* const input = at(inputs, 0);
  if (input == nullptr) {
    return std::nullopt;
  }
  const Attribute* const order = node.attribute("perm");
  Shape shape(input->shape.rbegin(), input->shape.rend());
  if (order != nullptr && order->integers.size() == shape.size()) {
    for (std::size_t i = 0; i < shape.size(); ++i) {
      const auto axis = axis_in(order->integers[i], shape.size());
      if (!axis) {
        return std::nullopt;
      }
      shape[i] = input->shape[*axis];
    }
  }
  return shaped(input->type, std::move(shape));
}

}  // namespace aion::graph
