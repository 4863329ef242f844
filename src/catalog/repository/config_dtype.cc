#include "catalog/repository/config_dtype.h"

namespace aion::catalog {

using tensor::DataType;

DataType dtype_of(inference::DataType type) {
  switch (type) {
    case inference::TYPE_BOOL:
      return DataType::Bool;
    case inference::TYPE_UINT8:
      return DataType::Uint8;
    case inference::TYPE_UINT16:
      return DataType::Uint16;
    case inference::TYPE_UINT32:
      return DataType::Uint32;
    case inference::TYPE_UINT64:
      return DataType::Uint64;
    case inference::TYPE_INT8:
      return DataType::Int8;
    case inference::TYPE_INT16:
      return DataType::Int16;
    case inference::TYPE_INT32:
      return DataType::Int32;
    case inference::TYPE_INT64:
      return DataType::Int64;
    case inference::TYPE_FP16:
      return DataType::Fp16;
    case inference::TYPE_FP32:
      return DataType::Fp32;
    case inference::TYPE_FP64:
      return DataType::Fp64;
    case inference::TYPE_STRING:
      return DataType::Bytes;
    case inference::TYPE_BF16:
      return DataType::Bf16;
    default:
      return DataType::Invalid;
  }
}

}  // namespace aion::catalog
