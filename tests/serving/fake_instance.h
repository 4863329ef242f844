// A model that a test writes as a function of rows.
#pragma once

#include <cstring>
#include <functional>
#include <utility>
#include <vector>

#include "runtime/backend/backend.h"

namespace aion::serving {

/// Rows of one number each.
using Rows = std::vector<float>;

inline tensor::Tensor tensor_of(const Rows& rows) {
  auto [buffer, out] = tensor::Buffer::allocate(rows.size() * sizeof(float));
  std::memcpy(out, rows.data(), buffer.bytes);
  return {tensor::DataType::Fp32,
          {static_cast<std::int64_t>(rows.size()), 1},
          std::move(buffer),
          nullptr};
}

inline Rows rows_in(const tensor::Tensor& tensor) {
  Rows rows(tensor.count());
  std::memcpy(rows.data(), tensor.data.data, tensor.data.bytes);
  return rows;
}

/// Runs a function on the rows of the only input. Keeps what it was given.
class FakeInstance final : public runtime::Instance {
 public:
  using Model = std::function<Result<Rows>(const Rows&)>;
  explicit FakeInstance(Model model) : model_(std::move(model)) {
    signature_.outputs.push_back({"OUT", tensor::DataType::Fp32, {-1, 1}, false});
  }

  [[nodiscard]] const catalog::Signature& signature() const override { return signature_; }
  [[nodiscard]] Task<void> run(runtime::Batch batch,
                               CancelToken cancel,
                               runtime::ResponseSink& sink) override {
    runs.push_back(rows_in(batch.inputs.front()));
    if (during) {
      during();
    }
    if (cancel.is_cancelled()) {
      co_return Error{Code::Cancelled, "cancelled"};
    }
    auto out = model_(runs.back());
    if (!out) {
      co_return std::move(out).error();
    }
    runtime::Response response;
    for (std::size_t i = 0; i < batch.outputs.size(); ++i) {
      response.outputs.push_back(tensor_of(*out));
    }
    sink.send(std::move(response));
    co_return Result<void>{};
  }

  std::vector<Rows> runs;
  std::function<void()> during;

 private:
  Model model_;
  catalog::Signature signature_;
};

}  // namespace aion::serving
