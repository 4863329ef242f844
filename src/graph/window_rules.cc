// The rules of convolutions and pools.
#include "graph/shape_arithmetic.h"

namespace aion::graph {

namespace {

/// The window operators: extents behind batch and channels.
struct Window {
  std::vector<std::int64_t> kernel, strides, dilations, pads;
};

std::optional<Window> window_of(const Node& node, std::vector<std::int64_t> kernel) {
  const std::size_t rank = kernel.size();
  const auto given = [&](const char* name, std::size_t count, std::int64_t otherwise) {
    const Attribute* const found = node.attribute(name);
    return found == nullptr || found->integers.empty() ? std::vector<std::int64_t>(count, otherwise)
                                                       : found->integers;
  };
  Window window{std::move(kernel),
                given("strides", rank, 1),
                given("dilations", rank, 1),
                given("pads", 2 * rank, 0)};
  const auto is_sound = [](const std::vector<std::int64_t>& list, std::int64_t least) {
    return std::ranges::all_of(
        list, [&](std::int64_t one) { return one >= least && one <= kMostExtent / 4; });
  };
  const bool fits =
      window.strides.size() == rank && window.dilations.size() == rank &&
      window.pads.size() == 2 * rank && is_sound(window.kernel, 1) && is_sound(window.strides, 1) &&
      is_sound(window.dilations, 1) && is_sound(window.pads, 0) &&
      std::ranges::all_of(window.dilations, [](std::int64_t one) { return one < (1 << 20); }) &&
      std::ranges::all_of(window.kernel, [](std::int64_t one) { return one < (1 << 20); });
  return fits ? std::optional(std::move(window)) : std::nullopt;
}

/// Extents that a window leaves of `input`, which has batch and channels in front.
std::optional<Shape> slid(const Node& node, const Shape& input, const Window& window) {
  Shape shape(input.begin(), input.begin() + 2);
  const Attribute* const padding = node.attribute("auto_pad");
  const bool is_same = padding != nullptr && padding->text.starts_with("SAME");
  const bool rounds_up = integer_of(node, "ceil_mode", 0) != 0;
  const std::size_t rank = window.kernel.size();
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t extent = input[2 + i];
    const std::int64_t stride = window.strides[i];
    if (is_same) {
      shape.push_back((extent + stride - 1) / stride);
      continue;
    }
    const std::int64_t taken = window.dilations[i] * (window.kernel[i] - 1) + 1;
    const std::int64_t room = extent + window.pads[i] + window.pads[rank + i] - taken;
    if (room < 0) {
      return std::nullopt;
    }
    shape.push_back((room + (rounds_up ? stride - 1 : 0)) / stride + 1);
  }
  return shape;
}

}  // namespace

Output convolution(const Node& node, Inputs inputs) {
  const KnownValue* const input = at(inputs, 0);
  const KnownValue* const weights = at(inputs, 1);
  if (input == nullptr || weights == nullptr || input->shape.size() < 3 ||
      input->shape.size() != weights->shape.size()) {
    return std::nullopt;
  }
  const auto window = window_of(node, {weights->shape.begin() + 2, weights->shape.end()});
  auto shape = window ? slid(node, input->shape, *window) : std::nullopt;
  if (!shape) {
    return std::nullopt;
  }
  (*shape)[1] = weights->shape[0];
  return shaped(input->type, *std::move(shape));
}

Output transposed_convolution(const Node& node, Inputs inputs) {
  const KnownValue* const input = at(inputs, 0);
  const KnownValue* const weights = at(inputs, 1);
  if (input == nullptr || weights == nullptr || input->shape.size() < 3 ||
      input->shape.size() != weights->shape.size() || node.attribute("output_shape") != nullptr) {
    return std::nullopt;
  }
  const auto window = window_of(node, {weights->shape.begin() + 2, weights->shape.end()});
  if (!window) {
    return std::nullopt;
  }
  const std::int64_t group = std::clamp<std::int64_t>(integer_of(node, "group", 1), 1, 1 << 20);
  Shape shape{input->shape[0], weights->shape[1] * group};
  const std::size_t rank = window->kernel.size();
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t grown =
        window->strides[i] * (std::max<std::int64_t>(input->shape[2 + i], 1) - 1);
    if (window->strides[i] > (1 << 20)) {
      return std::nullopt;
    }
    shape.push_back(std::max<std::int64_t>(grown + window->dilations[i] * (window->kernel[i] - 1) +
                                               1 - window->pads[i] - window->pads[rank + i],
                                           0));
  }
  return shaped(input->type, std::move(shape));
}

Output pool(const Node& node, Inputs inputs) {
  const KnownValue* const input = at(inputs, 0);
  const Attribute* const kernel = node.attribute("kernel_shape");
  if (input == nullptr || kernel == nullptr || input->shape.size() != kernel->integers.size() + 2) {
    return std::nullopt;
  }
  const auto window = window_of(node, kernel->integers);
  auto shape = window ? slid(node, input->shape, *window) : std::nullopt;
  return shape ? shaped(input->type, *std::move(shape)) : std::nullopt;
}

Output global_pool(const Node& /*node*/, Inputs inputs) {
  const KnownValue* const input = at(inputs, 0);
  if (input == nullptr || input->shape.size() < 3) {
    return std::nullopt;
  }
  Shape shape(input->shape.size(), 1);
  std::copy_n(input->shape.begin(), 2, shape.begin());
  return shaped(input->type, std::move(shape));
}

}  // namespace aion::graph
