#include "runtime/backend/openvino/signature.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aion::runtime::openvino {

namespace {

using catalog::TensorSpec;
using tensor::DataType;

constexpr std::array<std::pair<DataType, ov::element::Type_t>, 13> kTypes = {{
    {DataType::Bool, ov::element::Type_t::boolean},
    {DataType::Uint8, ov::element::Type_t::u8},
    {DataType::Uint16, ov::element::Type_t::u16},
    {DataType::Uint32, ov::element::Type_t::u32},
    {DataType::Uint64, ov::element::Type_t::u64},
    {DataType::Int8, ov::element::Type_t::i8},
    {DataType::Int16, ov::element::Type_t::i16},
    {DataType::Int32, ov::element::Type_t::i32},
    {DataType::Int64, ov::element::Type_t::i64},
    {DataType::Fp16, ov::element::Type_t::f16},
    {DataType::Bf16, ov::element::Type_t::bf16},
    {DataType::Fp32, ov::element::Type_t::f32},
    {DataType::Fp64, ov::element::Type_t::f64},
}};

// The readers end the friendly name of an output's node like this: "scores/sink_port_0".
constexpr std::string_view kSink = "/sink_port_0";

// An optimisation may leave several names on one tensor (that of an input which is passed through,
// say): the node of the input or output knows which is its own.
std::string name_of(const ov::Output<const ov::Node>& port) {
  std::string own = port.get_node()->get_friendly_name();
  if (own.ends_with(kSink)) {
    own.resize(own.size() - kSink.size());
  }
  const auto& names = port.get_names();
  if (names.empty() || names.contains(own)) {
    return own;
  }
  return *std::ranges::min_element(names);
}

tensor::Shape shape_of(const ov::PartialShape& partial) {
  tensor::Shape shape;
  if (partial.rank().is_static()) {
    for (const ov::Dimension& extent : partial) {
      shape.push_back(extent.is_static() ? extent.get_length() : -1);
    }
  }
  return shape;
}

Result<void> add(std::vector<TensorSpec>& specs,
                 const ov::Output<const ov::Node>& port,
                 std::string_view word) {
  TensorSpec spec;
  spec.name = name_of(port);
  spec.dtype = dtype_of(port.get_element_type());
  spec.shape = shape_of(port.get_partial_shape());
  const std::string named = std::string(word) + " '" + spec.name + "'";
  if (spec.dtype == DataType::Invalid) {
    return Error{Code::Unimplemented,
                 named + " has elements of OpenVINO type " +
                     port.get_element_type().get_type_name() +
                     ", which this backend does not serve"};
  }
  if (std::ranges::find(specs, spec.name, &TensorSpec::name) != specs.end()) {
    return Error{Code::InvalidArgument, named + " is in the model file twice"};
  }
  specs.push_back(std::move(spec));
  return {};
}

}  // namespace

DataType dtype_of(const ov::element::Type& type) {
  const ov::element::Type_t wanted = type;
  const auto* const found =
      std::ranges::find(kTypes, wanted, [](const auto& pair) { return pair.second; });
  return found == kTypes.end() ? DataType::Invalid : found->first;
}

ov::element::Type element_of(DataType dtype) {
  const auto* const found =
      std::ranges::find(kTypes, dtype, [](const auto& pair) { return pair.first; });
  return found == kTypes.end() ? ov::element::Type_t::dynamic : found->second;
}

Result<catalog::Signature> read_signature(const ov::Model& model) {
  catalog::Signature signature;
  for (const auto& port : model.inputs()) {
    AION_TRY_VOID(add(signature.inputs, port, "input"));
  }
  for (const auto& port : model.outputs()) {
    AION_TRY_VOID(add(signature.outputs, port, "output"));
  }
  // The library looks at a file twice; one that is empty at the second look is a model of nothing.
  if (signature.outputs.empty()) {
    return Error{Code::InvalidArgument, "the model has no outputs; its file may be cut off"};
  }
  return signature;
}

}  // namespace aion::runtime::openvino
