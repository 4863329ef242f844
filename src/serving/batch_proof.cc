#include "serving/batch_proof.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
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

/// The row with a slope laid over it, for a row of FP32 that reads the same both ways.
Tensor sloped(const Tensor& row) {
  const std::size_t count = row.count();
  auto [buffer, out] = tensor::Buffer::allocate(row.data.bytes);
  for (std::size_t i = 0; i < count; ++i) {
    const float value =
        element_at<float>(row, i) + 0.5F * static_cast<float>(i + 1) / static_cast<float>(count);
    std::memcpy(out + i * sizeof(float), &value, sizeof(float));
  }
  Tensor slope = row;
  slope.data = std::move(buffer);
  return slope;
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

Awaitable<Result<Response>> run(runtime::Instance& instance, Batch batch) {
  OneResponse sink;
  auto ended = co_await instance.run(std::move(batch), CancelToken(), sink);
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
    second = reversed(first);
    if (is_same(first, second) && first.dtype == DataType::Fp32) {
      second = sloped(first);
    }
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

}  // namespace

bool has_rows(const catalog::Signature& signature) {
  const auto is_open = [](const catalog::TensorSpec& spec) {
    return !spec.shape.empty() && spec.shape.front() < 0;
  };
  return !signature.inputs.empty() && std::ranges::all_of(signature.inputs, is_open) &&
         std::ranges::all_of(signature.outputs, is_open);
}

Awaitable<Trust> prove_joining(runtime::Instance& instance, Batch batch) {
  const bool has_a_row = std::ranges::all_of(batch.inputs, [](const Tensor& input) {
    return !input.is_present() || tensor::row_count(input) > 0;
  });
  if (!has_a_row) {
    co_return Trust::Unproved;
  }
  Rows rows = make_rows(batch);
  if (!rows.differ) {
    co_return Trust::Unproved;
  }
  std::vector<Response> alone;
  for (Batch& row : rows.alone) {
    auto response = co_await run(instance, std::move(row));
    if (!response) {
      co_return Trust::Unproved;
    }
    alone.push_back(*std::move(response));
  }
  const auto together = co_await run(instance, std::move(rows.together));
  if (!together) {
    co_return Trust::Unfit;
  }
  for (std::size_t i = 0; i < alone.size(); ++i) {
    for (std::size_t output = 0; output < together->outputs.size(); ++output) {
      if (!is_row_of(
              alone[i].outputs[output], together->outputs[output], static_cast<std::int64_t>(i))) {
        co_return Trust::Unfit;
      }
    }
  }
  co_return Trust::Proved;
}

}  // namespace aion::serving
