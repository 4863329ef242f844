#include "tensor/dtype.h"

#include <array>
#include <string>

namespace aion::tensor {

namespace {

struct TypeFacts {
  DataType dtype;
  std::string_view name;
  std::size_t size;
};

// In the order of the enumeration.
constexpr std::array<TypeFacts, 15> kTypes = {{
    {DataType::Invalid, "INVALID", 0},
    {DataType::Bool, "BOOL", 1},
    {DataType::Uint8, "UINT8", 1},
    {DataType::Uint16, "UINT16", 2},
    {DataType::Uint32, "UINT32", 4},
    {DataType::Uint64, "UINT64", 8},
    {DataType::Int8, "INT8", 1},
    {DataType::Int16, "INT16", 2},
    {DataType::Int32, "INT32", 4},
    {DataType::Int64, "INT64", 8},
    {DataType::Fp16, "FP16", 2},
    {DataType::Bf16, "BF16", 2},
    {DataType::Fp32, "FP32", 4},
    {DataType::Fp64, "FP64", 8},
    {DataType::Bytes, "BYTES", 0},
}};

}  // namespace

std::string_view to_string(DataType dtype) {
  return kTypes[static_cast<std::size_t>(dtype)].name;
}

std::size_t element_size(DataType dtype) {
  return kTypes[static_cast<std::size_t>(dtype)].size;
}

Result<DataType> parse_dtype(std::string_view name) {
  for (const TypeFacts& type : kTypes) {
    if (type.name == name && type.dtype != DataType::Invalid) {
      return type.dtype;
    }
  }
  std::string known;
  for (const TypeFacts& type : kTypes) {
    if (type.dtype != DataType::Invalid) {
      known.append(known.empty() ? "" : ", ").append(type.name);
    }
  }
  return Error{Code::InvalidArgument,
               "unknown datatype '" + std::string(name) + "'; expected one of " + known};
}

}  // namespace aion::tensor
