#include "runtime/backend/openvino/value.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "runtime/backend/openvino/signature.h"

namespace aion::runtime::openvino {

namespace {

using tensor::Buffer;
using tensor::DataType;
using tensor::Tensor;

// The library wants an address even for a tensor without elements.
constexpr std::byte kNoElements[8] = {};

bool is_aligned(const std::byte* data, std::size_t element_size) {
  return reinterpret_cast<std::uintptr_t>(data) % element_size == 0;
}

ov::Shape shape_of(const Tensor& tensor) {
  ov::Shape shape;
  shape.reserve(tensor.shape.size());
  for (const std::int64_t extent : tensor.shape) {
    shape.push_back(static_cast<std::size_t>(extent));
  }
  return shape;
}

template <class Element>
Result<void> expect_32_bits(const std::byte* data, std::size_t count) {
  const auto* const elements = reinterpret_cast<const Element*>(data);
  const auto* const found = std::find_if(elements, elements + count, [](Element element) {
    return !std::in_range<std::int32_t>(element);
  });
  if (found == elements + count) {
    return {};
  }
  return Error{Code::InvalidArgument,
               "element " + std::to_string(found - elements) + " is " + std::to_string(*found) +
                   ", but OpenVINO computes 64-bit whole numbers in 32 bits; expected " +
                   std::to_string(std::numeric_limits<std::int32_t>::min()) + " to " +
                   std::to_string(std::numeric_limits<std::int32_t>::max())};
}

Result<void> expect_exact(DataType dtype, const std::byte* data, std::size_t count) {
  if (dtype == DataType::Int64) {
    return expect_32_bits<std::int64_t>(data, count);
  }
  return dtype == DataType::Uint64 ? expect_32_bits<std::uint64_t>(data, count) : Result<void>();
}

}  // namespace

Result<InputValue> to_value(const Tensor& tensor) {
  if (!tensor.is_present()) {
    return Error{Code::InvalidArgument, "missing; the model needs it"};
  }
  if (tensor.data.kind == tensor::MemoryKind::Cuda) {
    return Error{Code::Unimplemented,
                 "the tensor lies in the memory of GPU " + std::to_string(tensor.data.device) +
                     "; this backend reads the host's memory"};
  }
  InputValue input;
  const std::byte* data = tensor.data.bytes == 0 ? kNoElements : tensor.data.data;
  if (!is_aligned(data, tensor::element_size(tensor.dtype))) {
    auto [copy, writable] = Buffer::allocate(tensor.data.bytes);
    std::memcpy(writable, data, tensor.data.bytes);
    data = writable;
    input.copy = std::move(copy);
  }
  AION_TRY_VOID(expect_exact(tensor.dtype, data, tensor.count()));
  // The library takes a pointer to mutable memory, but never writes to what is fed.
  input.value = ov::Tensor(
      element_of(tensor.dtype), shape_of(tensor), static_cast<void*>(const_cast<std::byte*>(data)));
  return input;
}

Tensor to_tensor(ov::Tensor value) {
  const ov::Shape& extents = value.get_shape();
  tensor::Shape shape(extents.begin(), extents.end());
  Tensor tensor{dtype_of(value.get_element_type()), std::move(shape), {}, nullptr};
  tensor.data.bytes = value.get_byte_size();
  auto kept = std::make_shared<const ov::Tensor>(std::move(value));
  tensor.data.data = static_cast<const std::byte*>(kept->data());
  tensor.data.owner = std::move(kept);
  return tensor;
}

}  // namespace aion::runtime::openvino
