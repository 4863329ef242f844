#include "runtime/backend/onnx/signature.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aion::runtime::onnx {

namespace {

using catalog::TensorSpec;
using tensor::DataType;

constexpr std::array<std::pair<DataType, ONNXTensorElementDataType>, 14> kTypes = {{
    {DataType::Bool, ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL},
    {DataType::Uint8, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8},
    {DataType::Uint16, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16},
    {DataType::Uint32, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32},
    {DataType::Uint64, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64},
    {DataType::Int8, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8},
    {DataType::Int16, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16},
    {DataType::Int32, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32},
    {DataType::Int64, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64},
    {DataType::Fp16, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16},
    {DataType::Bf16, ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16},
    {DataType::Fp32, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT},
    {DataType::Fp64, ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE},
    {DataType::Bytes, ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING},
}};

std::string_view name_of(ONNXType type) {
  switch (type) {
    case ONNX_TYPE_SEQUENCE:
      return "a sequence";
    case ONNX_TYPE_MAP:
      return "a map";
    case ONNX_TYPE_OPTIONAL:
      return "an optional";
    case ONNX_TYPE_SPARSETENSOR:
      return "a sparse tensor";
    case ONNX_TYPE_OPAQUE:
      return "an opaque object";
    case ONNX_TYPE_UNKNOWN:
    case ONNX_TYPE_TENSOR:
      break;
  }
  return "of an unknown kind";
}

// How the library lists inputs, or outputs.
struct Side {
  std::string_view word;  // for messages
  decltype(OrtApi::SessionGetInputCount) count;
  decltype(OrtApi::SessionGetInputName) name;
  decltype(OrtApi::SessionGetInputTypeInfo) type;
};

std::string quoted(std::string_view word, const std::string& name) {
  return std::string(word) + " '" + name + "'";
}

Result<TensorSpec> read_type(const Library& library,
                             const OrtTypeInfo* type,
                             std::string_view word,
                             std::string name) {
  const OrtApi& api = library.api();
  ONNXType kind = ONNX_TYPE_UNKNOWN;
  AION_TRY_VOID(library.check(api.GetOnnxTypeFromTypeInfo(type, &kind)));
  if (kind != ONNX_TYPE_TENSOR) {
    return Error{
        Code::Unimplemented,
        quoted(word, name) + " is " + std::string(name_of(kind)) + "; only tensors can be served"};
  }
  const OrtTensorTypeAndShapeInfo* info = nullptr;  // a view into `type`
  AION_TRY_VOID(library.check(api.CastTypeInfoToTensorInfo(type, &info)));
  ONNXTensorElementDataType element = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  AION_TRY_VOID(library.check(api.GetTensorElementType(info, &element)));
  TensorSpec spec;
  spec.dtype = dtype_of(element);
  if (spec.dtype == DataType::Invalid) {
    return Error{Code::Unimplemented,
                 quoted(word, name) + " has elements of ONNX type " + std::to_string(element) +
                     ", which no protocol of this program can carry"};
  }
  std::size_t rank = 0;
  AION_TRY_VOID(library.check(api.GetDimensionsCount(info, &rank)));
  spec.shape.resize(rank);
  AION_TRY_VOID(library.check(api.GetDimensions(info, spec.shape.data(), rank)));
  std::ranges::replace_if(
      spec.shape, [](std::int64_t extent) { return extent < 0; }, std::int64_t{-1});
  spec.name = std::move(name);
  return spec;
}

Result<std::vector<TensorSpec>> read_side(const Library& library,
                                          OrtSession* session,
                                          const Side& side) {
  std::size_t count = 0;
  AION_TRY_VOID(library.check(side.count(session, &count)));
  std::vector<TensorSpec> specs;
  specs.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    char* text = nullptr;
    AION_TRY_VOID(library.check(side.name(session, i, library.allocator(), &text)));
    std::string name(text);
    AION_TRY_VOID(library.check(library.api().AllocatorFree(library.allocator(), text)));
    OrtTypeInfo* type = nullptr;
    AION_TRY_VOID(library.check(side.type(session, i, &type)));
    const auto owned = library.own<TypeInfoHandle>(type);
    AION_TRY(TensorSpec spec, read_type(library, owned.get(), side.word, std::move(name)));
    specs.push_back(std::move(spec));
  }
  return specs;
}

}  // namespace

tensor::DataType dtype_of(ONNXTensorElementDataType type) {
  const auto* const found =
      std::ranges::find(kTypes, type, [](const auto& pair) { return pair.second; });
  return found == kTypes.end() ? DataType::Invalid : found->first;
}

ONNXTensorElementDataType onnx_type_of(tensor::DataType dtype) {
  const auto* const found =
      std::ranges::find(kTypes, dtype, [](const auto& pair) { return pair.first; });
  return found == kTypes.end() ? ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED : found->second;
}

Result<catalog::Signature> read_signature(const Library& library, OrtSession* session) {
  const OrtApi& api = library.api();
  const Side inputs{
      "input", api.SessionGetInputCount, api.SessionGetInputName, api.SessionGetInputTypeInfo};
  const Side outputs{
      "output", api.SessionGetOutputCount, api.SessionGetOutputName, api.SessionGetOutputTypeInfo};
  catalog::Signature signature;
  AION_TRY(signature.inputs, read_side(library, session, inputs));
  AION_TRY(signature.outputs, read_side(library, session, outputs));
  return signature;
}

}  // namespace aion::runtime::onnx
