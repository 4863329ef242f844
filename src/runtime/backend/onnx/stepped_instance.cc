#include "runtime/backend/onnx/stepped_instance.h"

#include <algorithm>
#include <map>
#include <utility>

#include <malloc.h>

#include "runtime/backend/onnx/value.h"

namespace aion::runtime::onnx {

/// One batch on its way through the steps.
struct SteppedInstance::Run {
  Batch batch;
  CancelToken cancel;
  std::vector<InputValue> inputs;
  std::vector<ValueHandle> made;  // by number, behind those of the inputs
};

SteppedInstance::SteppedInstance(std::vector<Step> steps,
                                 catalog::Signature signature,
                                 resource::Lease lease)
    : lease_(std::move(lease)), signature_(std::move(signature)), steps_(std::move(steps)) {
  sessions_ = std::make_shared<const std::vector<Step>>(steps_);
  std::map<std::string, std::size_t, std::less<>> number_of;
  for (const catalog::TensorSpec& input : signature_.inputs) {
    number_of.emplace(input.name, values_++);
  }
  for (const Step& step : steps_) {
    Numbers numbers;
    for (const std::string& name : step.inputs) {
      numbers.inputs.push_back(number_of.at(name));
    }
    for (const std::string& name : step.outputs) {
      numbers.outputs.push_back(number_of.emplace(name, values_).first->second);
      ++values_;
    }
    numbers_.push_back(std::move(numbers));
  }
  for (const catalog::TensorSpec& output : signature_.outputs) {
    output_numbers_.push_back(number_of.at(output.name));
  }
  std::vector<bool> is_needed(values_, false);
  for (const std::size_t number : output_numbers_) {
    is_needed[number] = true;
  }
  for (std::size_t step = steps_.size(); step-- > 0;) {
    for (const std::size_t number : numbers_[step].inputs) {
      if (!is_needed[number] && number >= signature_.inputs.size()) {
        numbers_[step].last_used.push_back(number);
      }
      is_needed[number] = true;
    }
  }
}

Task<void> SteppedInstance::run(Batch batch, CancelToken cancel, ResponseSink& sink) {
  Run run{std::move(batch), std::move(cancel), {}, {}};
  AION_CO_TRY_VOID(feed(run));
  for (std::size_t step = 0; step < steps_.size(); ++step) {
    AION_CO_TRY_VOID(advance(run, step));
  }
  co_return answer(run, sink);
}

Task<void> SteppedInstance::run_in_steps(Batch batch,
                                         CancelToken cancel,
                                         ResponseSink& sink,
                                         StepGate& gate) {
  Run run{std::move(batch), std::move(cancel), {}, {}};
  AION_CO_TRY_VOID(feed(run));
  for (std::size_t step = 0; step < steps_.size(); ++step) {
    if (step > 0) {
      co_await gate.between_steps();
    }
    AION_CO_TRY_VOID(advance(run, step));
  }
  co_return answer(run, sink);
}

Result<void> SteppedInstance::feed(Run& run) const {
  const Library& library = *steps_.front().session->library;
  run.made.resize(values_ - signature_.inputs.size());
  for (std::size_t i = 0; i < run.batch.inputs.size(); ++i) {
    auto input = to_value(library, run.batch.inputs[i]);
    if (!input) {
      return in_context("input '" + signature_.inputs[i].name + "'", std::move(input).error());
    }
    run.inputs.push_back(*std::move(input));
  }
  return {};
}

Result<void> SteppedInstance::advance(Run& run, std::size_t step) {
  const Library& library = *steps_[step].session->library;
  const Numbers& numbers = numbers_[step];
  std::vector<const OrtValue*> inputs;
  inputs.reserve(numbers.inputs.size());
  const std::size_t given = run.inputs.size();
  for (const std::size_t number : numbers.inputs) {
    inputs.push_back(number < given ? run.inputs[number].value.get()
                                    : run.made[number - given].get());
  }
  AION_TRY(const CancellableRun cancellable,
           CancellableRun::begin(library, run_options_, run.cancel));
  auto made = run_step(steps_[step], inputs, cancellable.options());
  if (run.cancel.is_cancelled()) {
    return Error{Code::Cancelled, "the run was cancelled"};
  }
  if (!made) {
    return std::move(made).error();
  }
  for (std::size_t i = 0; i < made->size(); ++i) {
    run.made[numbers.outputs[i] - given] = std::move((*made)[i]);
  }
  for (const std::size_t number : numbers.last_used) {
    run.made[number - given].reset();
  }
  return {};
}

Result<void> SteppedInstance::answer(Run& run, ResponseSink& sink) const {
  const Library& library = *steps_.back().session->library;
  Response response;
  response.outputs.reserve(run.batch.outputs.size());
  const auto& wanted = run.batch.outputs;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto before =
        std::find(wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(i), wanted[i]);
    if (before != wanted.begin() + static_cast<std::ptrdiff_t>(i)) {
      response.outputs.push_back(
          response.outputs[static_cast<std::size_t>(before - wanted.begin())]);
      continue;
    }
    ValueHandle& value = run.made[output_numbers_[wanted[i]] - run.inputs.size()];
    AION_TRY(tensor::Tensor tensor,
             to_tensor(library, std::move(value), sessions_, run.batch.inputs));
    response.outputs.push_back(std::move(tensor));
  }
  sink.send(std::move(response));
  return {};
}

void SteppedInstance::shrink() {
  malloc_trim(0);  // the arenas of the steps are small and stay
}

}  // namespace aion::runtime::onnx
