#include "protocol/kserve/grpc_contents.h"

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "protocol/kserve/infer_fault.h"

namespace aion::kserve {

namespace {

using tensor::Buffer;
using tensor::DataType;
using tensor::Tensor;
using Contents = inference::InferTensorContents;

/// A field of the contents: the type whose name stands for it in messages, and how many elements it
/// holds.
struct Field {
  DataType carries;
  std::string_view name;
  int size;
};

std::array<Field, 8> fields_of(const Contents& contents) {
  return {Field{DataType::Bool, "bool_contents", contents.bool_contents_size()},
          Field{DataType::Int32, "int_contents", contents.int_contents_size()},
          Field{DataType::Int64, "int64_contents", contents.int64_contents_size()},
          Field{DataType::Uint32, "uint_contents", contents.uint_contents_size()},
          Field{DataType::Uint64, "uint64_contents", contents.uint64_contents_size()},
          Field{DataType::Fp32, "fp32_contents", contents.fp32_contents_size()},
          Field{DataType::Fp64, "fp64_contents", contents.fp64_contents_size()},
          Field{DataType::Bytes, "bytes_contents", contents.bytes_contents_size()}};
}

/// The type whose field carries `dtype`; Invalid for FP16 and BF16, which no field carries.
DataType carrier_of(DataType dtype) {
  switch (dtype) {
    case DataType::Int8:
    case DataType::Int16:
      return DataType::Int32;
    case DataType::Uint8:
    case DataType::Uint16:
      return DataType::Uint32;
    case DataType::Fp16:
    case DataType::Bf16:
      return DataType::Invalid;
    default:
      return dtype;
  }
}

std::string input_of_model(const GrpcInput& input) {
  return in_quotes(input.message.name()) + " for model " + in_quotes(input.model);
}

Result<void> check_fields(const GrpcInput& input) {
  const DataType carrier = carrier_of(input.dtype);
  const Field* wanted = nullptr;
  const auto fields = fields_of(input.message.contents());
  for (const Field& field : fields) {
    if (field.carries == carrier) {
      wanted = &field;
    } else if (field.size > 0) {
      return Error{Code::InvalidArgument,
                   "unexpected explicit tensor data for input tensor " + input_of_model(input) +
                       " of type '" + std::string(to_string(field.carries)) +
                       "', expected datatype '" + std::string(to_string(input.dtype)) + "'"};
    }
  }
  const std::size_t got = wanted == nullptr ? 0 : static_cast<std::size_t>(wanted->size);
  if (got == input.count) {
    return {};
  }
  if (got == 0) {
    return Error{Code::InvalidArgument,
                 "unable to find data for input tensor " + input_of_model(input) + " in request."};
  }
  return Error{Code::InvalidArgument,
               "input tensor " + input_of_model(input) + " has " + std::to_string(got) +
                   " elements in " + std::string(wanted->name) + ", expected " +
                   std::to_string(input.count)};
}

template <class Element>
Buffer view_of(const google::protobuf::RepeatedField<Element>& elements,
               const std::shared_ptr<const void>& owner) {
  const auto bytes = static_cast<std::size_t>(elements.size()) * sizeof(Element);
  return Buffer{reinterpret_cast<const std::byte*>(elements.data()),
                bytes,
                tensor::MemoryKind::Host,
                0,
                owner};
}

/// Elements that ride in 32 bits, in their own width.
template <class Narrow, class Wide>
Result<Buffer> narrowed(const google::protobuf::RepeatedField<Wide>& elements,
                        const GrpcInput& input) {
  auto [buffer, data] =
      Buffer::allocate(static_cast<std::size_t>(elements.size()) * sizeof(Narrow));
  auto* out = reinterpret_cast<Narrow*>(data);
  for (int i = 0; i < elements.size(); ++i) {
    const Wide value = elements[i];
    if (!std::in_range<Narrow>(value)) {
      return Error{Code::InvalidArgument,
                   "element " + std::to_string(i) + " of input tensor " + input_of_model(input) +
                       " is " + std::to_string(value) + ", expected " +
                       std::to_string(std::numeric_limits<Narrow>::min()) + " to " +
                       std::to_string(std::numeric_limits<Narrow>::max()) + " for datatype '" +
                       std::string(to_string(input.dtype)) + "'"};
    }
    out[i] = static_cast<Narrow>(value);
  }
  return buffer;
}

Result<Buffer> elements_of(const GrpcInput& input) {
  const Contents& contents = input.message.contents();
  switch (input.dtype) {
    case DataType::Bool:
      return view_of(contents.bool_contents(), input.owner);
    case DataType::Int8:
      return narrowed<std::int8_t>(contents.int_contents(), input);
    case DataType::Int16:
      return narrowed<std::int16_t>(contents.int_contents(), input);
    case DataType::Int32:
      return view_of(contents.int_contents(), input.owner);
    case DataType::Int64:
      return view_of(contents.int64_contents(), input.owner);
    case DataType::Uint8:
      return narrowed<std::uint8_t>(contents.uint_contents(), input);
    case DataType::Uint16:
      return narrowed<std::uint16_t>(contents.uint_contents(), input);
    case DataType::Uint32:
      return view_of(contents.uint_contents(), input.owner);
    case DataType::Uint64:
      return view_of(contents.uint64_contents(), input.owner);
    case DataType::Fp32:
      return view_of(contents.fp32_contents(), input.owner);
    case DataType::Fp64:
      return view_of(contents.fp64_contents(), input.owner);
    default:
      return Buffer{};  // of no elements: check_fields() lets no other through
  }
}

}  // namespace

Result<Tensor> tensor_from_contents(const GrpcInput& input) {
  AION_TRY_VOID(check_fields(input));
  tensor::Shape shape(input.message.shape().begin(), input.message.shape().end());
  if (input.dtype == DataType::Bytes) {
    const auto& strings = input.message.contents().bytes_contents();
    const std::vector<std::string_view> values(strings.begin(), strings.end());
    return tensor::bytes_from_values(values, std::move(shape));
  }
  AION_TRY(Buffer data, elements_of(input));
  return Tensor{input.dtype, std::move(shape), std::move(data), nullptr};
}

}  // namespace aion::kserve
