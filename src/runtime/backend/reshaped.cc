#include "runtime/backend/reshaped.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace aion::runtime {

namespace {

using catalog::Signature;
using catalog::TensorSpec;
using tensor::Shape;

/// The shape `to` with its open extents taken, in their order, from those of `from` in `actual`;
/// nothing when `actual` is not of the shape `from`.
std::optional<Shape> translated(const Shape& actual, const Shape& from, const Shape& to) {
  if (actual.size() != from.size()) {
    return std::nullopt;
  }
  Shape open;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i] < 0) {
      open.push_back(actual[i]);
    } else if (from[i] != actual[i]) {
      return std::nullopt;
    }
  }
  Shape shape = to;
  auto next = open.begin();
  for (std::int64_t& extent : shape) {
    if (extent < 0) {
      if (next == open.end()) {
        return std::nullopt;
      }
      extent = *next++;
    }
  }
  return shape;
}

/// Gives responses their outer shapes.
class ReshapingSink final : public ResponseSink {
 public:
  ReshapingSink(const std::vector<TensorSpec>& specs,
                std::vector<std::uint32_t> wanted,
                ResponseSink& sink)
      : specs_(specs), wanted_(std::move(wanted)), sink_(sink) {}

  void send(Response response) override {
    for (std::size_t i = 0; i < response.outputs.size() && !fault_; ++i) {
      reshape(specs_[wanted_[i]], response.outputs[i]);
    }
    if (!fault_) {
      sink_.send(std::move(response));
    }
  }

  [[nodiscard]] std::optional<Error>& fault() { return fault_; }

 private:
  void reshape(const TensorSpec& spec, tensor::Tensor& output) {
    if (!spec.inner_shape || !output.is_present()) {
      return;
    }
    auto shape = translated(output.shape, *spec.inner_shape, spec.shape);
    if (shape) {
      output.shape = *std::move(shape);
    } else {
      fault_ = Error{Code::Internal,
                     "output '" + spec.name + "' came with the shape " +
                         tensor::to_string(output.shape) + ", its configuration reshapes it from " +
                         tensor::to_string(*spec.inner_shape)};
    }
  }

  const std::vector<TensorSpec>& specs_;
  std::vector<std::uint32_t> wanted_;
  ResponseSink& sink_;
  std::optional<Error> fault_;
};

/// What the backend tells, with the shapes that clients see.
std::vector<TensorSpec> outer_specs(std::vector<TensorSpec> inner,
                                    const std::vector<TensorSpec>& outer) {
  for (TensorSpec& spec : inner) {
    const auto found = std::ranges::find(outer, spec.name, &TensorSpec::name);
    if (found != outer.end() && found->inner_shape) {
      spec.shape = found->shape;
      spec.inner_shape = found->inner_shape;
    }
  }
  return inner;
}

class ReshapedInstance final : public Instance {
 public:
  ReshapedInstance(std::unique_ptr<Instance> instance, const Signature& outer)
      : instance_(std::move(instance)),
        signature_{outer_specs(instance_->signature().inputs, outer.inputs),
                   outer_specs(instance_->signature().outputs, outer.outputs)} {}

  [[nodiscard]] const Signature& signature() const override { return signature_; }

  [[nodiscard]] std::size_t steps() const override { return instance_->steps(); }

  [[nodiscard]] Task<void> run(Batch batch, CancelToken cancel, ResponseSink& sink) override {
    return run_on(std::move(batch), std::move(cancel), sink, nullptr);
  }
  [[nodiscard]] Task<void> run_in_steps(Batch batch,
                                        CancelToken cancel,
                                        ResponseSink& sink,
                                        StepGate& gate) override {
    return run_on(std::move(batch), std::move(cancel), sink, &gate);
  }

  void shrink() override { instance_->shrink(); }

 private:
  [[nodiscard]] Task<void> run_on(Batch batch,
                                  CancelToken cancel,
                                  ResponseSink& sink,
                                  StepGate* gate) {
    for (std::size_t i = 0; i < batch.inputs.size(); ++i) {
      const TensorSpec& spec = signature_.inputs[i];
      tensor::Tensor& input = batch.inputs[i];
      if (!spec.inner_shape || !input.is_present()) {
        continue;
      }
      auto shape = translated(input.shape, spec.shape, *spec.inner_shape);
      if (!shape) {  // check_request() lets no such request through
        co_return Error{Code::InvalidArgument,
                        "input '" + spec.name + "' has the shape " +
                            tensor::to_string(input.shape) + ", expected " +
                            tensor::to_string(spec.shape)};
      }
      input.shape = *std::move(shape);
    }
    ReshapingSink reshaping(signature_.outputs, batch.outputs, sink);
    auto running = gate == nullptr ? instance_->run(std::move(batch), std::move(cancel), reshaping)
                                   : instance_->run_in_steps(
                                         std::move(batch), std::move(cancel), reshaping, *gate);
    auto ended = co_await std::move(running);
    if (ended && reshaping.fault()) {
      co_return *std::move(reshaping.fault());
    }
    co_return ended;
  }

  std::unique_ptr<Instance> instance_;
  Signature signature_;
};

}  // namespace

bool has_inner_shapes(const Signature& signature) {
  const auto is_reshaped = [](const TensorSpec& spec) {
    return spec.inner_shape.has_value();
  };
  return std::ranges::any_of(signature.inputs, is_reshaped) ||
         std::ranges::any_of(signature.outputs, is_reshaped);
}

Signature inner_signature(Signature signature) {
  for (auto* const specs : {&signature.inputs, &signature.outputs}) {
    for (TensorSpec& spec : *specs) {
      if (spec.inner_shape) {
        spec.shape = *std::exchange(spec.inner_shape, std::nullopt);
      }
    }
  }
  return signature;
}

std::unique_ptr<Instance> reshaped(std::unique_ptr<Instance> instance, const Signature& outer) {
  return std::make_unique<ReshapedInstance>(std::move(instance), outer);
}

}  // namespace aion::runtime
