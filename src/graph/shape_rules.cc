#include "graph/shape_rules.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <string_view>
#include <utility>

#include "graph/shape_arithmetic.h"

namespace aion::graph {

namespace {

Output same_as_first(const Node& /*node*/, Inputs inputs) {
  const KnownValue* const first = at(inputs, 0);
  return first == nullptr ? std::nullopt : shaped(first->type, first->shape);
}

Output cast(const Node& node, Inputs inputs) {
  const KnownValue* const first = at(inputs, 0);
  if (first == nullptr) {
    return std::nullopt;
  }
  KnownValue value = *first;
  value.type = static_cast<ElementType>(integer_of(node, "to", 1));
  return value;
}

/// Whole numbers that shapes are computed with.
std::vector<std::int64_t> computed(std::string_view op, const KnownValue& a, const KnownValue& b) {
  std::vector<std::int64_t> out;
  const std::size_t count = std::max(a.integers.size(), b.integers.size());
  const auto fits = [&](const KnownValue& value) {
    return value.integers.size() == count || value.integers.size() == 1;
  };
  if (a.integers.empty() || b.integers.empty() || !fits(a) || !fits(b)) {
    return out;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t left = a.integers[a.integers.size() == 1 ? 0 : i];
    const std::int64_t right = b.integers[b.integers.size() == 1 ? 0 : i];
    std::int64_t result = 0;
    const bool is_lost = op == "Add"   ? __builtin_add_overflow(left, right, &result)
                         : op == "Sub" ? __builtin_sub_overflow(left, right, &result)
                         : op == "Mul" ? __builtin_mul_overflow(left, right, &result)
                                       : op != "Div" || right <= 0;
    if (is_lost) {
      return {};
    }
    out.push_back(op == "Div" ? left / right : result);
  }
  return out;
}

Output elementwise(const Node& node, Inputs inputs) {
  std::optional<Shape> shape = Shape{};
  for (const KnownValue* const input : inputs) {
    shape = input == nullptr || !shape ? std::nullopt : broadcast(*shape, input->shape);
  }
  if (!shape || inputs.empty()) {
    return std::nullopt;
  }
  Output out = shaped(inputs.back()->type, *std::move(shape));
  if (out && inputs.size() == 2) {
    out->integers = computed(node.op, *inputs[0], *inputs[1]);
  }
  return out;
}

Output comparison(const Node& node, Inputs inputs) {
  Output out = elementwise(node, inputs);
  if (out) {
    out->type = ElementType::Bool;
    out->integers.clear();
  }
  return out;
}

Output matrix_product(const Node& /*node*/, Inputs inputs) {
  const KnownValue* const a = at(inputs, 0);
  const KnownValue* const b = at(inputs, 1);
  if (a == nullptr || b == nullptr || a->shape.empty() || b->shape.empty()) {
    return std::nullopt;
  }
  const Shape left = a->shape.size() == 1 ? Shape{1, a->shape[0]} : a->shape;
  const Shape right = b->shape.size() == 1 ? Shape{b->shape[0], 1} : b->shape;
  auto shape = broadcast({left.begin(), left.end() - 2}, {right.begin(), right.end() - 2});
  if (!shape) {
    return std::nullopt;
  }
  if (a->shape.size() > 1) {
    shape->push_back(left[left.size() - 2]);
  }
  if (b->shape.size() > 1) {
    shape->push_back(right.back());
  }
  return shaped(a->type, *std::move(shape));
}

Output gemm(const Node& node, Inputs inputs) {
  const KnownValue* const a = at(inputs, 0);
  const KnownValue* const b = at(inputs, 1);
  if (a == nullptr || b == nullptr || a->shape.size() != 2 || b->shape.size() != 2) {
    return std::nullopt;
  }
  return shaped(a->type,
                {a->shape[integer_of(node, "transA", 0) != 0 ? 1 : 0],
                 b->shape[integer_of(node, "transB", 0) != 0 ? 0 : 1]});
}

Output concat(const Node& node, Inputs inputs) {
  const KnownValue* const first = at(inputs, 0);
  const auto axis =
      first == nullptr ? std::nullopt : axis_in(integer_of(node, "axis", 0), first->shape.size());
  if (!axis) {
    return std::nullopt;
  }
  KnownValue out{first->type, first->shape, {}};
  out.shape[*axis] = 0;
  bool has_numbers = true;
  for (const KnownValue* const input : inputs) {
    if (input == nullptr || input->shape.size() != out.shape.size()) {
      return std::nullopt;
    }
    out.shape[*axis] = std::min(out.shape[*axis] + input->shape[*axis], kMostExtent);
    has_numbers = has_numbers && out.shape.size() == 1 && !input->integers.empty() &&
                  out.integers.size() + input->integers.size() <= kMostIntegers;
    if (has_numbers) {
      out.integers.insert(out.integers.end(), input->integers.begin(), input->integers.end());
    }
  }
  if (!has_numbers) {
    out.integers.clear();
  }
  return product(out.shape) ? std::optional(std::move(out)) : std::nullopt;
}

Output gather(const Node& node, Inputs inputs) {
  const KnownValue* const input = at(inputs, 0);
  const KnownValue* const indices = at(inputs, 1);
  const auto axis =
      input == nullptr ? std::nullopt : axis_in(integer_of(node, "axis", 0), input->shape.size());
  if (!axis || indices == nullptr) {
    return std::nullopt;
  }
  Shape shape(input->shape.begin(), input->shape.begin() + static_cast<std::ptrdiff_t>(*axis));
  shape.insert(shape.end(), indices->shape.begin(), indices->shape.end());
  shape.insert(shape.end(),
               input->shape.begin() + static_cast<std::ptrdiff_t>(*axis) + 1,
               input->shape.end());
  Output out = shaped(input->type, std::move(shape));
  if (out && input->shape.size() == 1 && !input->integers.empty()) {
    for (const std::int64_t index : indices->integers) {
      const auto position = axis_in(index, input->integers.size());
      if (!position) {
        return std::nullopt;
      }
      out->integers.push_back(input->integers[*position]);
    }
  }
  return out;
}

Output shape_of(const Node& /*node*/, Inputs inputs) {
  const KnownValue* const input = at(inputs, 0);
  if (input == nullptr) {
    return std::nullopt;
  }
  return KnownValue{
      ElementType::Int64, {static_cast<std::int64_t>(input->shape.size())}, input->shape};
}

Output constant(const Node& node, Inputs /*inputs*/) {
  const Attribute* const value = node.attribute("value");
  if (value != nullptr && value->tensors.size() == 1) {
    const Constant& tensor = value->tensors.front();
    return KnownValue{tensor.type, tensor.shape, tensor.integers};
  }
  if (const Attribute* const integers = node.attribute("value_ints")) {
    return KnownValue{ElementType::Int64,
                      {static_cast<std::int64_t>(integers->integers.size())},
                      integers->integers};
  }
  if (const Attribute* const integer = node.attribute("value_int")) {
    return KnownValue{ElementType::Int64, {}, {integer->integer}};
  }
  return node.attribute("value_float") != nullptr ? shaped(ElementType::Float, {}) : std::nullopt;
}

Output constant_of_shape(const Node& node, Inputs inputs) {
  const KnownValue* const wanted = at(inputs, 0);
  if (wanted == nullptr || wanted->integers.empty()) {
    return std::nullopt;
  }
  const Attribute* const value = node.attribute("value");
  const bool is_typed = value != nullptr && value->tensors.size() == 1;
  return shaped(is_typed ? value->tensors.front().type : ElementType::Float, wanted->integers);
}

Output expand(const Node& /*node*/, Inputs inputs) {
  const KnownValue* const input = at(inputs, 0);
  const KnownValue* const wanted = at(inputs, 1);
  if (input == nullptr || wanted == nullptr || wanted->integers.empty()) {
    return std::nullopt;
  }
  auto shape = broadcast(input->shape, wanted->integers);
  return shape ? shaped(input->type, *std::move(shape)) : std::nullopt;
}

Output reduce(const Node& node, Inputs inputs) {
  const KnownValue* const input = at(inputs, 0);
  if (input == nullptr) {
    return std::nullopt;
  }
  const auto axes = list_of(node, inputs, "axes", 1);
  std::vector<bool> goes(input->shape.size(), !axes || axes->empty());
  for (const std::int64_t one : axes.value_or(std::vector<std::int64_t>())) {
    if (const auto axis = axis_in(one, goes.size())) {
      goes[*axis] = true;
    }
  }
  const bool keeps = integer_of(node, "keepdims", 1) != 0;
  Shape shape;
  for (std::size_t i = 0; i < goes.size(); ++i) {
    if (!goes[i] || keeps) {
      shape.push_back(goes[i] ? 1 : input->shape[i]);
    }
  }
  return shaped(input->type, std::move(shape));
}

Output best_index(const Node& node, Inputs inputs) {
  const KnownValue* const input = at(inputs, 0);
  const auto axis =
      input == nullptr ? std::nullopt : axis_in(integer_of(node, "axis", 0), input->shape.size());
  if (!axis) {
    return std::nullopt;
  }
  Shape shape = input->shape;
  shape[*axis] = 1;
  if (integer_of(node, "keepdims", 1) == 0) {
    shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(*axis));
  }
  return shaped(ElementType::Int64, std::move(shape));
}

Output slice(const Node& node, Inputs inputs) {
  const KnownValue* const input = at(inputs, 0);
  const auto starts = list_of(node, inputs, "starts", 1);
  const auto ends = list_of(node, inputs, "ends", 2);
  auto axes = list_of(node, inputs, "axes", 3);
  const auto steps = list_of(node, inputs, "steps", 4);
  if (input == nullptr || !starts || !ends || starts->size() != ends->size()) {
    return std::nullopt;
  }
  if (!axes) {
    axes.emplace(starts->size());
    std::iota(axes->begin(), axes->end(), std::int64_t{0});
  }
  Output out = shaped(input->type, input->shape);
  for (std::size_t i = 0; out && i < starts->size(); ++i) {
    if (i >= axes->size()) {
      return std::nullopt;
    }
    const auto axis = axis_in((*axes)[i], input->shape.size());
    const std::int64_t step = steps && i < steps->size() ? (*steps)[i] : 1;
    if (!axis || step <= 0) {
      return std::nullopt;  // backwards: rare, and never larger
    }
    const std::int64_t extent = input->shape[*axis];
    const auto place = [&](std::int64_t one) {
      return std::clamp<std::int64_t>(one < 0 ? std::max(one, -extent) + extent : one, 0, extent);
    };
    const std::int64_t begin = place((*starts)[i]);
    const std::int64_t end = std::max(begin, place((*ends)[i]));
    out->shape[*axis] = (end - begin) / step + ((end - begin) % step != 0 ? 1 : 0);
    if (input->shape.size() == 1 && static_cast<std::int64_t>(input->integers.size()) == extent) {
      for (std::int64_t j = begin; j < end; j += step) {
        out->integers.push_back(input->integers[static_cast<std::size_t>(j)]);
      }
    }
  }
  return out;
}

Output pad(const Node& node, Inputs inputs) {
  const KnownValue* const input = at(inputs, 0);
  const auto pads = list_of(node, inputs, "pads", 1);
  if (input == nullptr || !pads || pads->size() != 2 * input->shape.size()) {
    return std::nullopt;
  }
  Shape shape = input->shape;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    for (const std::int64_t more : {(*pads)[i], (*pads)[shape.size() + i]}) {
      if (more > kMostExtent || more < -kMostExtent) {
        return std::nullopt;
      }
      shape[i] += more;
    }
  }
  return shaped(input->type, std::move(shape));
}

/// The form with sizes. Scales are floats, which are not kept.
Output resize(const Node& /*node*/, Inputs inputs) {
  const KnownValue* const input = at(inputs, 0);
  const KnownValue* const sizes = at(inputs, 3);
  if (input == nullptr || sizes == nullptr || sizes->integers.size() != input->shape.size()) {
    return std::nullopt;
  }
  return shaped(input->type, sizes->integers);
}

using Rule = Output (*)(const Node&, Inputs);

const std::map<std::string_view, Rule>& rules() {
  static const std::map<std::string_view, Rule> kRules = [] {
    std::map<std::string_view, Rule> table{{"Cast", cast},
                                           {"Conv", convolution},
                                           {"ConvTranspose", transposed_convolution},
                                           {"MaxPool", pool},
                                           {"AveragePool", pool},
                                           {"GlobalAveragePool", global_pool},
                                           {"GlobalMaxPool", global_pool},
                                           {"MatMul", matrix_product},
                                           {"Gemm", gemm},
                                           {"Reshape", reshape},
                                           {"Flatten", flatten},
                                           {"Squeeze", squeeze},
                                           {"Unsqueeze", unsqueeze},
                                           {"Transpose", transpose},
                                           {"Concat", concat},
                                           {"Gather", gather},
                                           {"Shape", shape_of},
                                           {"Constant", constant},
                                           {"ConstantOfShape", constant_of_shape},
                                           {"Expand", expand},
                                           {"ArgMax", best_index},
                                           {"ArgMin", best_index},
                                           {"Slice", slice},
                                           {"Pad", pad},
                                           {"Resize", resize}};
    for (const char* const op : {"Relu",
                                 "Sigmoid",
                                 "Tanh",
                                 "Exp",
                                 "Log",
                                 "Neg",
                                 "Abs",
                                 "Sqrt",
                                 "Erf",
                                 "Floor",
                                 "Ceil",
                                 "Round",
                                 "Clip",
                                 "LeakyRelu",
                                 "Elu",
                                 "Selu",
                                 "Softplus",
                                 "Softsign",
                                 "HardSigmoid",
                                 "HardSwish",
                                 "Gelu",
                                 "Mish",
                                 "Softmax",
                                 "LogSoftmax",
                                 "BatchNormalization",
                                 "InstanceNormalization",
                                 "LayerNormalization",
                                 "GroupNormalization",
                                 "LRN",
                                 "Dropout",
                                 "Identity",
                                 "Not",
                                 "Reciprocal",
                                 "Sin",
                                 "Cos",
                                 "Sign",
                                 "CumSum",
                                 "ThresholdedRelu"}) {
      table.emplace(op, same_as_first);
    }
    for (const char* const op : {"Add",
                                 "Sub",
                                 "Mul",
                                 "Div",
                                 "Pow",
                                 "Max",
                                 "Min",
                                 "Mean",
                                 "Sum",
                                 "PRelu",
                                 "Mod",
                                 "Where"}) {
      table.emplace(op, elementwise);
    }
    for (const char* const op :
         {"Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual", "And", "Or", "Xor"}) {
      table.emplace(op, comparison);
    }
    for (const char* const op : {"ReduceMean",
                                 "ReduceSum",
                                 "ReduceMax",
                                 "ReduceMin",
                                 "ReduceProd",
                                 "ReduceL1",
                                 "ReduceL2",
                                 "ReduceSumSquare",
                                 "ReduceLogSumExp"}) {
      table.emplace(op, reduce);
    }
    return table;
  }();
  return kRules;
}

}  // namespace

std::vector<std::optional<KnownValue>> apply_shape_rule(const Node& node, Inputs inputs) {
  std::vector<std::optional<KnownValue>> outputs(1);
  const auto rule = node.domain.empty() ? rules().find(node.op) : rules().end();
  if (rule != rules().end()) {
    outputs.front() = rule->second(node, inputs);
  }
  return outputs;
}

}  // namespace aion::graph
