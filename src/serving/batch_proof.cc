#include "serving/batch_proof.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "serving/one_response.h"
#include "tensor/float16.h"
#include "tensor/rows.h"

namespace aion::serving {

namespace {

using runtime::Batch;
using runtime::Response;
using tensor::DataType;
using tensor::Tensor;
using Trust = BatchLimit::Trust;

template <class T>
T element_at(const Tensor& tensor, std::size_t i) {
  T value;
  std::memcpy(&value, tensor.data.data + i * sizeof(T), sizeof(T));
  return value;
}

/// Floating-point types only.
double number_at(const Tensor& tensor, std::size_t i) {
  switch (tensor.dtype) {
    case DataType::Fp16:
      return tensor::float_from_fp16(element_at<std::uint16_t>(tensor, i));
    case DataType::Bf16:
      return tensor::float_from_bf16(element_at<std::uint16_t>(tensor, i));
    case DataType::Fp32:
      return element_at<float>(tensor, i);
    default:
      return element_at<double>(tensor, i);
  }
}

/// How far apart two elements may be, as a part of the largest; none for what must be equal.
std::optional<double> tolerance_of(DataType dtype) {
  switch (dtype) {
    case DataType::Fp16:
    case DataType::Bf16:
      return 1e-2;
    case DataType::Fp32:
    case DataType::Fp64:
      return 1e-3;
    default:
      return std::nullopt;
  }
}

Tensor reversed_strings(const Tensor& row) {
  std::vector<std::string_view> values;
  for (std::size_t i = row.count(); i > 0; --i) {
    values.push_back(row.bytes_at(i - 1));
  }
  return tensor::bytes_from_values(values, row.shape);
}

Tensor reversed(const Tensor& row) {
  if (row.dtype == DataType::Bytes) {
    return reversed_strings(row);
  }
  const std::size_t size = tensor::element_size(row.dtype);
  auto [buffer, out] = tensor::Buffer::allocate(row.data.bytes);
  for (std::size_t at = row.data.bytes; at > 0; at -= size, out += size) {
    std::memcpy(out, row.data.data + at - size, size);
  }
  Tensor opposite = row;
  opposite.data = std::move(buffer);
  return opposite;
}

void store_number(DataType dtype, double value, std::byte* out) {
  const auto put = [out](auto bits) {
    std::memcpy(out, &bits, sizeof(bits));
  };
  switch (dtype) {
    case DataType::Fp16:
      return put(tensor::fp16_from_float(static_cast<float>(value)));
    case DataType::Bf16:
      return put(tensor::bf16_from_float(static_cast<float>(value)));
    case DataType::Fp32:
      return put(static_cast<float>(value));
    default:
      return put(value);
  }
}

/// In the opposite order, smaller, and on a slope: a row of zeros becomes another one, too.
Tensor shrunk_and_reversed(const Tensor& row) {
  constexpr double kScale = 1.0 / 32;
  const std::size_t count = row.count();
  const std::size_t size = tensor::element_size(row.dtype);
  auto [buffer, out] = tensor::Buffer::allocate(row.data.bytes);
  for (std::size_t i = 0; i < count; ++i) {
    const double slope = static_cast<double>(i + 1) / static_cast<double>(count);
    const double value = kScale * (number_at(row, count - 1 - i) + slope);
    store_number(row.dtype, value, out + i * size);
  }
  Tensor smaller = row;
  smaller.data = std::move(buffer);
  return smaller;
}

Tensor other_row(const Tensor& row) {
  return tolerance_of(row.dtype) ? shrunk_and_reversed(row) : reversed(row);
}

bool is_same(const Tensor& a, const Tensor& b) {
  if (a.dtype != DataType::Bytes) {
    return a.data.bytes == b.data.bytes &&
           (a.data.bytes == 0 || std::memcmp(a.data.data, b.data.data, a.data.bytes) == 0);
  }
  for (std::size_t i = 0; i < a.count(); ++i) {
    if (a.bytes_at(i) != b.bytes_at(i)) {
      return false;
    }
  }
  return true;
}

bool is_near(const Tensor& a, const Tensor& b) {
  if (a.dtype != b.dtype || a.shape != b.shape) {
    return false;
  }
  const auto tolerance = tolerance_of(a.dtype);
  if (!tolerance) {
    return is_same(a, b);
  }
  double largest = 0;
  for (std::size_t i = 0; i < a.count(); ++i) {
    const double value = std::abs(number_at(a, i));
    largest = std::isfinite(value) ? std::max(largest, value) : largest;
  }
  for (std::size_t i = 0; i < a.count(); ++i) {
    const double x = number_at(a, i);
    const double y = number_at(b, i);
    const bool is_equal = x == y || (std::isnan(x) && std::isnan(y));
    if (!is_equal && !(std::abs(x - y) <= *tolerance * largest)) {
      return false;
    }
  }
  return true;
}

Awaitable<Result<Response>> run(runtime::Instance& instance, Batch batch, CancelToken cancel) {
  OneResponse sink;
  auto ended = co_await instance.run(std::move(batch), std::move(cancel), sink);
  co_return sink.take(std::move(ended));
}

/// The inputs of the two rows, and of both together.
struct Rows {
  std::array<Batch, 2> alone;
  Batch together;
  bool differ = false;
};

Rows make_rows(const Batch& request) {
  Rows rows;
  rows.alone = {request, request};
  rows.together = request;
  for (std::size_t i = 0; i < request.inputs.size(); ++i) {
    if (!request.inputs[i].is_present()) {
      continue;
    }
    Tensor& first = rows.alone[0].inputs[i];
    Tensor& second = rows.alone[1].inputs[i];
    first = tensor::rows_of(request.inputs[i], 0, 1);
    second = other_row(first);
    rows.differ = rows.differ || !is_same(first, second);
    const std::array<const Tensor*, 2> parts = {&first, &second};
    rows.together.inputs[i] = tensor::join_rows(parts);
  }
  return rows;
}

bool is_row_of(const Tensor& row, const Tensor& together, std::int64_t at) {
  if (row.is_present() != together.is_present()) {
    return false;
  }
  return !row.is_present() || (!together.shape.empty() && tensor::row_count(together) == 2 &&
                               is_near(row, tensor::rows_of(together, at, 1)));
}

bool is_finite(const Tensor& tensor) {
  if (!tensor.is_present() || !tolerance_of(tensor.dtype)) {
    return true;
  }
  for (std::size_t i = 0; i < tensor.count(); ++i) {
    if (!std::isfinite(number_at(tensor, i))) {
      return false;
    }
  }
  return true;
}

bool is_near_or_absent(const Tensor& a, const Tensor& b) {
  return a.is_present() ? b.is_present() && is_near(a, b) : !b.is_present();
}

/// Whether the answers to the two rows can show anything: they are numbers, and not alike.
bool is_telling(const Response& first, const Response& second) {
  return std::ranges::all_of(first.outputs, is_finite) &&
         std::ranges::all_of(second.outputs, is_finite) &&
         !std::ranges::equal(first.outputs, second.outputs, is_near_or_absent);
}

}  // namespace

bool has_rows(const catalog::Signature& signature) {
  const auto is_open = [](const catalog::TensorSpec& spec) {
    return !spec.shape.empty() && spec.shape.front() < 0;
  };
  return !signature.inputs.empty() && std::ranges::all_of(signature.inputs, is_open) &&
         std::ranges::all_of(signature.outputs, is_open);
}

Awaitable<Trust> prove_joining(runtime::Instance& instance, Batch batch, CancelToken cancel) {
  const bool has_a_row = std::ranges::all_of(batch.inputs, [](const Tensor& input) {
    return input.is_present() && tensor::row_count(input) > 0;
  });
  if (!has_a_row) {
    co_return Trust::Unproved;
  }
  batch.outputs.resize(instance.signature().outputs.size());
  std::iota(batch.outputs.begin(), batch.outputs.end(), 0U);
  Rows rows = make_rows(batch);
  if (!rows.differ) {
    co_return Trust::Unproved;
  }
  // The row that is not a client's first: if the model refuses it, nothing else has to run.
  auto second = co_await run(instance, std::move(rows.alone[1]), cancel);
  if (!second) {
    co_return Trust::Unproved;
  }
  auto first = co_await run(instance, std::move(rows.alone[0]), cancel);
  if (!first || !is_telling(*first, *second)) {
    co_return Trust::Unproved;
  }
  const auto together = co_await run(instance, std::move(rows.together), cancel);
  if (!together) {
    co_return cancel.is_cancelled() ? Trust::Unproved : Trust::Unfit;
  }
  for (std::size_t output = 0; output < together->outputs.size(); ++output) {
    if (!is_row_of(first->outputs[output], together->outputs[output], 0) ||
        !is_row_of(second->outputs[output], together->outputs[output], 1)) {
      co_return Trust::Unfit;
    }
  }
  co_return Trust::Proved;
}

}  // namespace aion::serving
