#include "runtime/backend/onnx/instance.h"

#include <algorithm>
#include <array>
#include <memory_resource>
#include <string>
#include <utility>

#include <malloc.h>

#include "runtime/backend/onnx/signature.h"
#include "runtime/backend/onnx/value.h"

namespace aion::runtime::onnx {

namespace {

using tensor::Tensor;

Error about_input(const char* name, Error error) {
  return in_context("input '" + std::string(name) + "'", std::move(error));
}

std::vector<const char*> names_of(const std::vector<catalog::TensorSpec>& specs) {
  std::vector<const char*> names;
  names.reserve(specs.size());
  for (const catalog::TensorSpec& spec : specs) {
    names.push_back(spec.name.c_str());
  }
  return names;
}

// The smallest tensor that the model takes as this input: every open extent is 1.
Result<InputValue> smallest_value(const Library& library, const catalog::TensorSpec& spec) {
  Tensor tensor{spec.dtype, spec.shape, {}, nullptr};
  std::ranges::replace(tensor.shape, std::int64_t{-1}, std::int64_t{1});
  OrtValue* made = nullptr;
  AION_TRY_VOID(library.check(library.api().CreateTensorAsOrtValue(library.allocator(),
                                                                   tensor.shape.data(),
                                                                   tensor.shape.size(),
                                                                   onnx_type_of(spec.dtype),
                                                                   &made)));
  return InputValue{library.own<ValueHandle>(made), {}};
}

// The small lists of one run, in memory of the stack for as long as they fit: a run takes a few
// microseconds, and each allocation would be a percent of it.
class Lists {
 public:
  template <class T>
  [[nodiscard]] std::pmr::vector<T> list(std::size_t capacity) {
    std::pmr::vector<T> made(&memory_);
    made.reserve(capacity);
    return made;
  }

 private:
  std::array<std::byte, 1024> room_;
  std::pmr::monotonic_buffer_resource memory_{room_.data(), room_.size()};
};

// What a run reads and writes, as the library wants it told.
class Call {
 public:
  Call(const Library& library, std::size_t inputs, std::size_t outputs)
      : library_(library),
        inputs_(lists_.list<InputValue>(inputs)),
        input_pointers_(lists_.list<const OrtValue*>(inputs)),
        output_names_(lists_.list<const char*>(outputs)),
        outputs_(lists_.list<OrtValue*>(outputs)) {}
  ~Call() {
    for (OrtValue* const value : outputs_) {
      library_.api().ReleaseValue(value);
    }
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  void read(InputValue input) {
    input_pointers_.push_back(input.value.get());
    inputs_.push_back(std::move(input));
  }
  void want(const char* output) {
    output_names_.push_back(output);
    outputs_.push_back(nullptr);
  }
  [[nodiscard]] Result<void> run(OrtSession* session,
                                 const OrtRunOptions* options,
                                 const char* const* input_names) {
    return library_.check(library_.api().Run(session,
                                             options,
                                             input_names,
                                             input_pointers_.data(),
                                             input_pointers_.size(),
                                             output_names_.data(),
                                             output_names_.size(),
                                             outputs_.data()));
  }
  [[nodiscard]] ValueHandle take(std::size_t output) {
    return library_.own<ValueHandle>(std::exchange(outputs_[output], nullptr));
  }

 private:
  const Library& library_;
  Lists lists_;
  std::pmr::vector<InputValue> inputs_;
  std::pmr::vector<const OrtValue*> input_pointers_;
  std::pmr::vector<const char*> output_names_;
  std::pmr::vector<OrtValue*> outputs_;
};

}  // namespace

OnnxInstance::OnnxInstance(std::shared_ptr<const Session> session, catalog::Signature signature)
    : signature_(std::move(signature)),
      input_names_(names_of(signature_.inputs)),
      output_names_(names_of(signature_.outputs)),
      session_(std::move(session)) {}

Task<void> OnnxInstance::run(Batch batch, CancelToken cancel, ResponseSink& sink) {
  co_return execute(batch, cancel, sink);
}

Result<void> OnnxInstance::execute(const Batch& batch,
                                   const CancelToken& cancel,
                                   ResponseSink& sink) {
  const Library& library = *session_->library;
  Call call(library, batch.inputs.size(), batch.outputs.size());
  for (std::size_t i = 0; i < batch.inputs.size(); ++i) {
    auto input = to_value(library, batch.inputs[i]);
    if (!input) {
      return about_input(input_names_[i], std::move(input).error());
    }
    call.read(*std::move(input));
  }
  for (const std::uint32_t output : batch.outputs) {
    call.want(output_names_[output]);
  }
  {
    AION_TRY(const CancellableRun run, CancellableRun::begin(library, run_options_, cancel));
    auto done = call.run(session_->handle.get(), run.options(), input_names_.data());
    if (cancel.is_cancelled()) {
      return Error{Code::Cancelled, "the run was cancelled"};
    }
    AION_TRY_VOID(std::move(done));
  }
  Response response;
  response.outputs.reserve(batch.outputs.size());
  for (std::size_t i = 0; i < batch.outputs.size(); ++i) {
    AION_TRY(Tensor tensor, to_tensor(library, call.take(i), session_, batch.inputs));
    response.outputs.push_back(std::move(tensor));
  }
  sink.send(std::move(response));
  return {};
}

void OnnxInstance::shrink() {
  // Fails only when there is no memory for the smallest inputs; then the next shrink tries again.
  static_cast<void>(shrink_arena());
  malloc_trim(0);  // the C library keeps freed blocks of up to 32 MiB; this hands their pages back
}

// The library shrinks an arena only at the end of a run, so this is a run that ends before its
// first node.
Result<void> OnnxInstance::shrink_arena() const {
  const Library& library = *session_->library;
  const OrtApi& api = library.api();
  Call call(library, signature_.inputs.size(), 1);
  for (const catalog::TensorSpec& spec : signature_.inputs) {
    AION_TRY(InputValue input, smallest_value(library, spec));
    call.read(std::move(input));
  }
  call.want(output_names_.front());
  OrtRunOptions* made = nullptr;
  AION_TRY_VOID(library.check(api.CreateRunOptions(&made)));
  const auto options = library.own<RunOptionsHandle>(made);
  AION_TRY_VOID(
      library.check(api.AddRunConfigEntry(made, "memory.enable_memory_arena_shrinkage", "cpu:0")));
  AION_TRY_VOID(library.check(api.RunOptionsSetTerminate(made)));
  return call.run(session_->handle.get(), options.get(), input_names_.data());
}

}  // namespace aion::runtime::onnx
