#include "serving/warmup.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <utility>

#include "base/file.h"
#include "serving/inference.h"
#include "serving/request_check.h"
#include "tensor/float16.h"

namespace aion::serving {

namespace {

using catalog::Warmup;
using catalog::WarmupInput;
using tensor::DataType;
using tensor::Tensor;

constexpr std::size_t kMostFileBytes = std::size_t{256} << 20U;

class NoResponses final : public runtime::ResponseSink {
 public:
  void send(runtime::Response /*response*/) override {}
};

template <class T, class Next>
void fill(std::byte* out, std::size_t count, const Next& next) {
  for (std::size_t i = 0; i < count; ++i) {
    const T value = static_cast<T>(next());
    std::memcpy(out + i * sizeof(T), &value, sizeof(T));
  }
}

/// Numbers from 0 up to 1, whole ones 0 or 1: what most models take for any of their inputs.
void fill_random(DataType dtype, std::byte* out, std::size_t count) {
  std::mt19937 engine(1);
  std::uniform_real_distribution<float> real(0.0F, 1.0F);
  const auto next_real = [&] {
    return real(engine);
  };
  switch (dtype) {
    case DataType::Fp16:
      return fill<std::uint16_t>(out, count, [&] { return tensor::fp16_from_float(next_real()); });
    case DataType::Bf16:
      return fill<std::uint16_t>(out, count, [&] { return tensor::bf16_from_float(next_real()); });
    case DataType::Fp32:
      return fill<float>(out, count, next_real);
    case DataType::Fp64:
      return fill<double>(out, count, next_real);
    default:
      break;
  }
  const std::size_t size = tensor::element_size(dtype);
  std::memset(out, 0, count * size);
  for (std::size_t i = 0; i < count; ++i) {
    out[i * size] = static_cast<std::byte>(engine() & 1U);  // little-endian
  }
}

Result<Tensor> from_file(const WarmupInput& input, std::size_t count) {
  AION_TRY(const std::string content, read_file(input.file, kMostFileBytes));
  const auto wire = std::as_bytes(std::span(content));
  if (input.dtype == DataType::Bytes) {
    return tensor::bytes_from_wire(wire, input.shape);
  }
  const std::size_t expected = count * tensor::element_size(input.dtype);
  if (wire.size() != expected) {
    return Error{Code::InvalidArgument,
                 "file '" + input.file.filename().string() + "' has " +
                     std::to_string(wire.size()) + " bytes, expected " + std::to_string(expected)};
  }
  auto [buffer, out] = tensor::Buffer::allocate(expected);
  std::ranges::copy(wire, out);
  return Tensor{input.dtype, input.shape, std::move(buffer), nullptr};
}

Result<Tensor> tensor_of(const WarmupInput& input) {
  AION_TRY(const std::int64_t extent, tensor::element_count(input.shape));
  const auto count = static_cast<std::size_t>(extent);
  if (input.data == WarmupInput::Data::File) {
    return from_file(input, count);
  }
  if (input.dtype == DataType::Bytes) {
    return tensor::bytes_from_values(std::vector<std::string_view>(count), input.shape);
  }
  const std::size_t bytes = count * tensor::element_size(input.dtype);
  auto [buffer, out] = tensor::Buffer::allocate(bytes);
  if (input.data == WarmupInput::Data::Random) {
    fill_random(input.dtype, out, count);
  } else {
    std::memset(out, 0, bytes);
  }
  return Tensor{input.dtype, input.shape, std::move(buffer), nullptr};
}

Result<runtime::Batch> batch_of(const catalog::ModelVersion& version, const Warmup& warmup) {
  InferRequest request;
  request.model = version.name;
  request.id = "warm-up";
  for (const auto& [name, input] : warmup.inputs) {
    auto made = tensor_of(input);
    if (!made) {
      return in_context("input '" + name + "'", std::move(made).error());
    }
    request.inputs.push_back({name, *std::move(made)});
  }
  AION_TRY(CheckedRequest checked, check_request(version, request));
  return std::move(checked.batch);
}

Task<void> run_one(const catalog::ModelVersion& version,
                   runtime::Instance& instance,
                   const Warmup& warmup,
                   const std::atomic<bool>& is_stopping) {
  AION_CO_TRY(const runtime::Batch batch, batch_of(version, warmup));
  for (std::uint32_t i = 0; i < warmup.count; ++i) {
    if (is_stopping) {
      co_return Error{Code::Unavailable, "Server not ready"};
    }
    NoResponses sink;
    runtime::Batch copy = batch;
    AION_CO_TRY_VOID(co_await instance.run(std::move(copy), CancelToken(), sink));
  }
  co_return Result<void>{};
}

}  // namespace

Task<void> warm_up(const catalog::ModelVersion& version,
                   runtime::Instance& instance,
                   const std::atomic<bool>& is_stopping) {
  for (const Warmup& warmup : version.warmups) {
    auto done = co_await run_one(version, instance, warmup, is_stopping);
    if (!done) {
      co_return in_context("warm-up '" + warmup.name + "'", std::move(done).error());
    }
  }
  co_return Result<void>{};
}

}  // namespace aion::serving
