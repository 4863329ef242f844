#include "runtime/backend/openvino/compiled_model.h"

#include <atomic>
#include <string>
#include <thread>
#include <utility>

#include <malloc.h>
#include <openvino/runtime/exception.hpp>

#include "runtime/backend/openvino/failure.h"

namespace aion::runtime::openvino {

namespace {

using tensor::Tensor;

// Stops a run when its token is cancelled, for as long as this lives.
//
// The library forgets a cancel that comes before it has begun to compute, and the hook may be
// called in the microseconds between begin() and that. So the hook goes on until the request says
// that it is cancelled: it then throws Cancelled at whoever wants to change it. A token that is
// cancelled already calls on the thread that will compute, which cannot wait for itself.
class CancellableRun {
 public:
  CancellableRun(ov::InferRequest& request, const CancelToken& cancel)
      : runner_(std::this_thread::get_id()),
        hook_(cancel.when_cancelled([this, &request] { stop(request); })) {}
  ~CancellableRun() { has_ended_ = true; }  // before the hook goes, which waits for stop()
  CancellableRun(const CancellableRun&) = delete;
  CancellableRun& operator=(const CancellableRun&) = delete;

  /// Whether there is nothing to compute any more.
  [[nodiscard]] bool was_cancelled() const { return was_cancelled_; }

 private:
  void stop(ov::InferRequest& request) {
    if (std::this_thread::get_id() == runner_) {
      was_cancelled_ = true;
      return;
    }
    while (!has_ended_ && !is_stopped(request)) {
      std::this_thread::yield();
    }
  }

  static bool is_stopped(ov::InferRequest& request) {
    try {
      request.cancel();
      request.set_callback({});
    } catch (const ov::Cancelled&) {
      return true;
    } catch (...) {  // Busy: it began between the two calls
      return false;
    }
    return false;
  }

  std::thread::id runner_;
  bool was_cancelled_ = false;  // only the runner's
  std::atomic<bool> has_ended_ = false;
  CancelHook hook_;
};

ov::Shape smallest_of(const ov::PartialShape& partial) {
  ov::Shape shape;
  if (partial.rank().is_static()) {
    for (const ov::Dimension& extent : partial) {
      shape.push_back(extent.is_static() ? static_cast<std::size_t>(extent.get_length()) : 0);
    }
  }
  return partial.rank().is_static() ? shape : ov::Shape{0};
}

}  // namespace

CompiledModel::CompiledModel(ov::CompiledModel compiled, catalog::Signature signature)
    : signature_(std::move(signature)),
      outputs_(compiled.outputs()),
      compiled_(std::move(compiled)) {}

Result<std::vector<Tensor>> CompiledModel::run(const Run& run, const CancelToken& cancel) {
  return guarded(Code::Internal, [&]() -> Result<std::vector<Tensor>> {
    ov::InferRequest request = take();
    auto outputs = infer(request, run, cancel);
    if (cancel.is_cancelled()) {
      outputs = Error{Code::Cancelled, "the run was cancelled"};
    }
    give_back(std::move(request));
    return outputs;
  });
}

ov::InferRequest CompiledModel::take() {
  const std::scoped_lock lock(mutex_);
  if (idle_.empty()) {
    return compiled_.create_infer_request();
  }
  ov::InferRequest request = std::move(idle_.back());
  idle_.pop_back();
  return request;
}

void CompiledModel::give_back(ov::InferRequest request) {
  const std::scoped_lock lock(mutex_);
  idle_.push_back(std::move(request));
}

// Fresh memory for every output, also for those that nobody wants: else the request would write
// into what it gave to the run before. The library makes it as large as the answer is.
std::vector<ov::Tensor> CompiledModel::give_outputs(ov::InferRequest& request) {
  std::vector<ov::Tensor> given;
  given.reserve(outputs_.size());
  for (std::size_t port = 0; port < outputs_.size(); ++port) {
    given.emplace_back(outputs_[port].get_element_type(),
                       smallest_of(outputs_[port].get_partial_shape()));
    request.set_output_tensor(port, given.back());
  }
  return given;
}

Result<std::vector<Tensor>> CompiledModel::infer(ov::InferRequest& request,
                                                 const Run& run,
                                                 const CancelToken& cancel) {
  std::vector<InputValue> inputs;  // what the request reads
  inputs.reserve(run.inputs.size());
  for (std::size_t i = 0; i < run.inputs.size(); ++i) {
    const std::uint32_t port = run.input_ports[i];
    auto set = guarded(Code::InvalidArgument, [&]() -> Result<void> {
      AION_TRY(InputValue input, to_value(run.inputs[i]));
      request.set_input_tensor(port, input.value);
      inputs.push_back(std::move(input));
      return {};
    });
    if (!set) {
      return in_context("input '" + signature_.inputs[port].name + "'", std::move(set).error());
    }
  }
  std::vector<ov::Tensor> given = give_outputs(request);
  {
    const CancellableRun cancellable(request, cancel);
    if (cancellable.was_cancelled()) {
      return Error{Code::Cancelled, "the run was cancelled"};
    }
    request.infer();
  }
  std::vector<Tensor> outputs;
  outputs.reserve(run.output_ports.size());
  for (const std::uint32_t port : run.output_ports) {
    outputs.push_back(to_tensor(std::move(given[port])));
  }
  return outputs;
}

void CompiledModel::shrink() {
  // Fails only where the library has nothing to give back.
  static_cast<void>(guarded(Code::Internal, [this]() -> Result<void> {
    std::vector<ov::InferRequest> idle;
    ov::CompiledModel compiled;
    {
      const std::scoped_lock lock(mutex_);
      idle.swap(idle_);
      compiled = compiled_;
    }
    idle.clear();
    compiled.release_memory();
    return {};
  }));
  malloc_trim(0);  // the C library keeps freed blocks of up to 32 MiB; this hands their pages back
}

}  // namespace aion::runtime::openvino
