// What a test gives a run to send its responses to.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <span>
#include <vector>

#include <gtest/gtest.h>

#include "runtime/backend/backend.h"

namespace aion::runtime {

/// Keeps the responses. Any thread may look while a run is under way.
class CollectingSink final : public ResponseSink {
 public:
  void send(Response response) override {
    const std::scoped_lock lock(mutex_);
    responses_.push_back(std::move(response));
    arrived_.notify_all();
  }

  [[nodiscard]] std::vector<Response> responses() {
    const std::scoped_lock lock(mutex_);
    return responses_;
  }

  /// Blocks until so many have come.
  void wait_for_responses(std::size_t count) {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return responses_.size() >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Response> responses_;
};

template <class T>
tensor::Tensor make_tensor(tensor::DataType dtype, const std::vector<T>& values) {
  auto [buffer, data] = tensor::Buffer::allocate(values.size() * sizeof(T));
  std::ranges::copy(std::as_bytes(std::span(values)), data);
  return {dtype, {static_cast<std::int64_t>(values.size())}, std::move(buffer), nullptr};
}

inline tensor::Tensor floats(const std::vector<float>& values) {
  return make_tensor(tensor::DataType::Fp32, values);
}

template <class T>
std::vector<T> values_of(const tensor::Tensor& tensor) {
  std::vector<T> values(tensor.data.bytes / sizeof(T));
  std::memcpy(values.data(), tensor.data.data, tensor.data.bytes);
  return values;
}

}  // namespace aion::runtime
