#include "protocol/kserve/infer_data.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "protocol/kserve/infer_fault.h"
#include "tensor/float16.h"

namespace aion::kserve {

namespace {

using simdjson::dom::element_type;
using tensor::DataType;

constexpr int kMaxLevels = 100;  // Triton's bound on the nesting of 'data'

// How one element is stored: `Stored` is what lies in memory, store() says whether the element is
// of the type and fits.

template <class T>
struct IntegerElement {
  using Stored = T;
  static bool store(JsonElement element, T& out) {
    if (element.type() == element_type::INT64) {
      const std::int64_t value = element.get_int64().value_unsafe();
      out = static_cast<T>(value);
      return std::in_range<T>(value);
    }
    if (element.type() == element_type::UINT64) {
      const std::uint64_t value = element.get_uint64().value_unsafe();
      out = static_cast<T>(value);
      return std::in_range<T>(value);
    }
    return false;
  }
};

template <class T>
struct FloatElement {
  using Stored = T;
  static bool store(JsonElement element, T& out) {
    switch (element.type()) {
      case element_type::DOUBLE:
        out = static_cast<T>(element.get_double().value_unsafe());
        return std::isfinite(out);
      case element_type::INT64:
        out = static_cast<T>(element.get_int64().value_unsafe());
        return true;
      case element_type::UINT64:
        out = static_cast<T>(element.get_uint64().value_unsafe());
        return true;
      default:
        return false;
    }
  }
};

template <std::uint16_t (*kFromFloat)(float), float (*kToFloat)(std::uint16_t)>
struct HalfElement {
  using Stored = std::uint16_t;
  static bool store(JsonElement element, std::uint16_t& out) {
    float value = 0;
    if (!FloatElement<float>::store(element, value)) {
      return false;
    }
    out = kFromFloat(value);
    return std::isfinite(kToFloat(out));
  }
};

struct BoolElement {
  using Stored = std::uint8_t;
  static bool store(JsonElement element, std::uint8_t& out) {
    bool value = false;
    const bool is_bool = element.get(value) == simdjson::SUCCESS;
    out = value ? 1 : 0;
    return is_bool;
  }
};

struct TextElement {
  using Stored = std::string_view;
  static bool store(JsonElement element, std::string_view& out) {
    return element.get(out) == simdjson::SUCCESS;
  }
};

/// Walks 'data' and stores its elements one behind the other; those beyond `room` are only counted.
template <class Element>
class Walk {
 public:
  Walk(typename Element::Stored* out, std::size_t room) : out_(out), room_(room) {}

  /// False when it stopped at bad(), or because the nesting is too deep.
  bool over(JsonArray array, int level) {
    if (level > kMaxLevels) {
      return false;
    }
    for (const JsonElement element : array) {
      const bool is_good = element.type() == element_type::ARRAY
                               ? over(element.get_array().value_unsafe(), level + 1)
                               : take(element);
      if (!is_good) {
        return false;
      }
    }
    return true;
  }

  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] bool has_bad() const { return has_bad_; }
  [[nodiscard]] JsonElement bad() const { return bad_; }

 private:
  bool take(JsonElement element) {
    if (count_ < room_ && !Element::store(element, out_[count_])) {
      bad_ = element;
      has_bad_ = true;
      return false;
    }
    ++count_;
    return true;
  }

  typename Element::Stored* out_;
  std::size_t room_;
  std::size_t count_ = 0;
  JsonElement bad_;
  bool has_bad_ = false;
};

template <class T>
std::string range_text(std::string_view kind, DataType dtype) {
  return std::string(kind) + " from " + std::to_string(std::numeric_limits<T>::min()) + " to " +
         std::to_string(std::numeric_limits<T>::max()) + " (" + std::string(to_string(dtype)) + ")";
}

std::string expected_element(DataType dtype) {
  switch (dtype) {
    case DataType::Uint8:
      return range_text<std::uint8_t>("an integer", dtype);
    case DataType::Uint16:
      return range_text<std::uint16_t>("an integer", dtype);
    case DataType::Uint32:
      return range_text<std::uint32_t>("an integer", dtype);
    case DataType::Uint64:
      return range_text<std::uint64_t>("an integer", dtype);
    case DataType::Int8:
      return range_text<std::int8_t>("an integer", dtype);
    case DataType::Int16:
      return range_text<std::int16_t>("an integer", dtype);
    case DataType::Int32:
      return range_text<std::int32_t>("an integer", dtype);
    case DataType::Int64:
      return range_text<std::int64_t>("an integer", dtype);
    case DataType::Bool:
      return "true or false (BOOL)";
    case DataType::Bytes:
      return "a string (BYTES)";
    default:
      return "a number within the range of " + std::string(to_string(dtype));
  }
}

std::string where(const InputHead& head) {
  return "input " + in_quotes(head.name) + ": " + indexed("inputs", head.index) + ".data";
}

template <class Element>
Error fault(const InputHead& head, const Walk<Element>& walk) {
  if (walk.has_bad()) {
    return must_be("data",
                   where(head) + " element " + std::to_string(walk.count()),
                   expected_element(head.dtype),
                   described(walk.bad()));
  }
  return must_be(
      "data", where(head), "nested at most " + std::to_string(kMaxLevels) + " levels deep", "more");
}

Error wrong_count(const InputHead& head, std::size_t wanted, std::size_t got) {
  return Error{
      Code::InvalidArgument,
      "Unable to parse 'data': Shape does not match true shape of 'data' field: " + where(head) +
          " must hold the " + std::to_string(wanted) + " elements of shape " +
          tensor::to_string(head.shape) + "; got " + std::to_string(got)};
}

/// Stores the elements of `data` in `out`, which has room for `room` of them; the shape wants
/// `wanted`.
template <class Element>
Result<void> fill(const InputHead& head,
                  JsonArray data,
                  typename Element::Stored* out,
                  std::size_t room,
                  std::size_t wanted) {
  Walk<Element> walk(out, room);
  if (!walk.over(data, 1)) {
    return fault(head, walk);
  }
  if (walk.count() != wanted) {
    return wrong_count(head, wanted, walk.count());
  }
  return {};
}

template <class Element>
Result<tensor::Tensor> fixed_size_tensor(InputHead& head,
                                         JsonArray data,
                                         std::size_t room,
                                         std::size_t wanted) {
  using Stored = typename Element::Stored;
  auto [buffer, memory] = tensor::Buffer::allocate(room * sizeof(Stored));
  AION_TRY_VOID(fill<Element>(head, data, reinterpret_cast<Stored*>(memory), room, wanted));
  return tensor::Tensor{head.dtype, std::move(head.shape), std::move(buffer), nullptr};
}

Result<tensor::Tensor> bytes_tensor(InputHead& head,
                                    JsonArray data,
                                    std::size_t room,
                                    std::size_t wanted) {
  std::vector<std::string_view> values(room);
  AION_TRY_VOID(fill<TextElement>(head, data, values.data(), room, wanted));
  return tensor::bytes_from_values(values, std::move(head.shape));
}

Result<tensor::Tensor> tensor_of_type(InputHead& head,
                                      JsonArray data,
                                      std::size_t room,
                                      std::size_t wanted) {
  switch (head.dtype) {
    case DataType::Bool:
      return fixed_size_tensor<BoolElement>(head, data, room, wanted);
    case DataType::Uint8:
      return fixed_size_tensor<IntegerElement<std::uint8_t>>(head, data, room, wanted);
    case DataType::Uint16:
      return fixed_size_tensor<IntegerElement<std::uint16_t>>(head, data, room, wanted);
    case DataType::Uint32:
      return fixed_size_tensor<IntegerElement<std::uint32_t>>(head, data, room, wanted);
    case DataType::Uint64:
      return fixed_size_tensor<IntegerElement<std::uint64_t>>(head, data, room, wanted);
    case DataType::Int8:
      return fixed_size_tensor<IntegerElement<std::int8_t>>(head, data, room, wanted);
    case DataType::Int16:
      return fixed_size_tensor<IntegerElement<std::int16_t>>(head, data, room, wanted);
    case DataType::Int32:
      return fixed_size_tensor<IntegerElement<std::int32_t>>(head, data, room, wanted);
    case DataType::Int64:
      return fixed_size_tensor<IntegerElement<std::int64_t>>(head, data, room, wanted);
    case DataType::Fp16:
      return fixed_size_tensor<HalfElement<tensor::fp16_from_float, tensor::float_from_fp16>>(
          head, data, room, wanted);
    case DataType::Bf16:
      return fixed_size_tensor<HalfElement<tensor::bf16_from_float, tensor::float_from_bf16>>(
          head, data, room, wanted);
    case DataType::Fp32:
      return fixed_size_tensor<FloatElement<float>>(head, data, room, wanted);
    case DataType::Fp64:
      return fixed_size_tensor<FloatElement<double>>(head, data, room, wanted);
    case DataType::Bytes:
      return bytes_tensor(head, data, room, wanted);
    case DataType::Invalid:
      break;
  }
  return must_be("datatype", indexed("inputs", head.index) + ".datatype", "a datatype", "none");
}

}  // namespace

Result<tensor::Tensor> tensor_from_json(InputHead& head,
                                        JsonElement data,
                                        const DataLimits& limits) {
  JsonArray array;
  if (data.get(array) != simdjson::SUCCESS) {
    return must_be("data", where(head), "an array", described(data));
  }
  const Result<std::int64_t> count = tensor::element_count(head.shape);
  if (!count) {
    return in_context("Unable to parse 'shape': input " + in_quotes(head.name), count.error());
  }
  const auto wanted = static_cast<std::size_t>(*count);
  // A shape that the text cannot fill gets no memory: its elements are only counted, for the
  // message.
  const std::size_t room = wanted <= limits.text_bytes / 2 + 1 ? wanted : 0;
  if (room > limits.tensor_bytes / std::max<std::size_t>(tensor::element_size(head.dtype), 1)) {
    return Error{Code::InvalidArgument,
                 where(head) + " takes " + std::to_string(room * tensor::element_size(head.dtype)) +
                     " bytes, which exceeds the maximum allowed input size of " +
                     std::to_string(limits.tensor_bytes) +
                     " bytes. Use --http-max-input-size to increase the limit."};
  }
  return tensor_of_type(head, array, room, wanted);
}

}  // namespace aion::kserve
