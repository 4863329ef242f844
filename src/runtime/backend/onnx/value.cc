#include "runtime/backend/onnx/value.h"

#include <cstdint>
#include <cstring>
#include <functional>
#include <utility>
#include <vector>

#include "runtime/backend/onnx/signature.h"

namespace aion::runtime::onnx {

namespace {

using tensor::Buffer;
using tensor::DataType;
using tensor::MemoryKind;
using tensor::Tensor;

// The library wants an address even for a tensor without elements.
constexpr std::byte kNoElements[8] = {};

// Keeps an output's memory: the value, and the session that may own what it shows.
struct Output {
  std::shared_ptr<const void> session;
  ValueHandle value;
  std::shared_ptr<const void> input;  // whose memory it is, for an input passed through
};

bool is_aligned(const std::byte* data, std::size_t element_size) {
  return reinterpret_cast<std::uintptr_t>(data) % element_size == 0;
}

Result<ValueHandle> string_value(const Library& library, const Tensor& tensor) {
  const OrtApi& api = library.api();
  OrtValue* made = nullptr;
  AION_TRY_VOID(library.check(api.CreateTensorAsOrtValue(library.allocator(),
                                                         tensor.shape.data(),
                                                         tensor.shape.size(),
                                                         ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING,
                                                         &made)));
  auto value = library.own<ValueHandle>(made);
  const std::size_t count = tensor.count();
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view text = tensor.bytes_at(i);
    char* room = nullptr;  // FillStringTensor would end the bytes at the first zero
    AION_TRY_VOID(
        library.check(api.GetResizedStringTensorElementBuffer(made, i, text.size(), &room)));
    if (!text.empty()) {
      std::memcpy(room, text.data(), text.size());
    }
  }
  return value;
}

Result<Tensor> string_tensor(const Library& library, const OrtValue* value, tensor::Shape shape) {
  const OrtApi& api = library.api();
  Tensor tensor{DataType::Bytes, std::move(shape), {}, nullptr};
  const std::size_t count = tensor.count();
  std::size_t length = 0;
  AION_TRY_VOID(library.check(api.GetStringTensorDataLength(value, &length)));
  auto [data, writable] = Buffer::allocate(length);
  auto offsets = std::make_shared<std::vector<std::uint64_t>>(count + 1, length);
  static_assert(sizeof(std::size_t) == sizeof(std::uint64_t));
  if (count > 0) {
    AION_TRY_VOID(
        library.check(api.GetStringTensorContent(value, writable, length, offsets->data(), count)));
  }
  tensor.data = std::move(data);
  tensor.offsets = std::move(offsets);
  return tensor;
}

std::shared_ptr<const void> owner_among(std::span<const Tensor> inputs, const std::byte* data) {
  const std::less_equal<> at_most;
  for (const Tensor& input : inputs) {
    const std::byte* const begin = input.data.data;
    if (input.data.bytes > 0 && at_most(begin, data) && !at_most(begin + input.data.bytes, data)) {
      return input.data.owner;
    }
  }
  return nullptr;
}

}  // namespace

Result<InputValue> to_value(const Library& library, const Tensor& tensor) {
  if (!tensor.is_present()) {
    return Error{Code::InvalidArgument, "missing; the model needs it"};
  }
  if (tensor.data.kind == MemoryKind::Cuda) {
    return Error{Code::Unimplemented,
                 "the tensor lies in the memory of GPU " + std::to_string(tensor.data.device) +
                     "; this backend reads the host's memory"};
  }
  if (tensor.dtype == DataType::Bytes) {
    AION_TRY(ValueHandle value, string_value(library, tensor));
    return InputValue{std::move(value), {}};
  }
  InputValue input;
  const std::byte* data = tensor.data.bytes == 0 ? kNoElements : tensor.data.data;
  if (!is_aligned(data, tensor::element_size(tensor.dtype))) {
    auto [copy, writable] = Buffer::allocate(tensor.data.bytes);
    std::memcpy(writable, data, tensor.data.bytes);
    data = writable;
    input.copy = std::move(copy);
  }
  OrtValue* value = nullptr;
  // The library takes a pointer to mutable memory, but never writes to what is fed.
  AION_TRY_VOID(
      library.check(library.api().CreateTensorWithDataAsOrtValue(library.host_memory(),
                                                                 const_cast<std::byte*>(data),
                                                                 tensor.data.bytes,
                                                                 tensor.shape.data(),
                                                                 tensor.shape.size(),
                                                                 onnx_type_of(tensor.dtype),
                                                                 &value)));
  input.value = library.own<ValueHandle>(value);
  return input;
}

Result<Tensor> to_tensor(const Library& library,
                         ValueHandle value,
                         std::shared_ptr<const void> session,
                         std::span<const Tensor> inputs) {
  const OrtApi& api = library.api();
  OrtTensorTypeAndShapeInfo* info = nullptr;
  AION_TRY_VOID(library.check(api.GetTensorTypeAndShape(value.get(), &info)));
  const auto owned_info = library.own<ShapeInfoHandle>(info);
  ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  AION_TRY_VOID(library.check(api.GetTensorElementType(info, &type)));
  std::size_t rank = 0;
  AION_TRY_VOID(library.check(api.GetDimensionsCount(info, &rank)));
  tensor::Shape shape(rank);
  AION_TRY_VOID(library.check(api.GetDimensions(info, shape.data(), rank)));
  if (type == ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING) {
    return string_tensor(library, value.get(), std::move(shape));
  }
  void* data = nullptr;
  AION_TRY_VOID(library.check(api.GetTensorMutableData(value.get(), &data)));
  Tensor tensor{dtype_of(type), std::move(shape), {}, nullptr};
  tensor.data.data = static_cast<const std::byte*>(data);
  tensor.data.bytes = tensor.count() * tensor::element_size(tensor.dtype);
  auto input = owner_among(inputs, tensor.data.data);
  tensor.data.owner =
      std::make_shared<Output>(Output{std::move(session), std::move(value), std::move(input)});
  return tensor;
}

}  // namespace aion::runtime::onnx
