// A loaded ONNX model that answers batches in steps.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/backend/backend.h"
#include "runtime/backend/onnx/run_options.h"
#include "runtime/backend/onnx/steps.h"

namespace aion::runtime::onnx {

class SteppedInstance final : public Instance {
 public:
  /// `steps` are of cut_in_steps(); at least one.
  SteppedInstance(std::vector<Step> steps, catalog::Signature signature, resource::Lease lease);

  [[nodiscard]] const catalog::Signature& signature() const override { return signature_; }
  [[nodiscard]] std::size_t steps() const override { return steps_.size(); }
  [[nodiscard]] Task<void> run(Batch batch, CancelToken cancel, ResponseSink& sink) override;
  [[nodiscard]] Task<void> run_in_steps(Batch batch,
                                        CancelToken cancel,
                                        ResponseSink& sink,
                                        StepGate& gate) override;
  void shrink() override;

 private:
  struct Run;
  [[nodiscard]] Result<void> feed(Run& run) const;
  [[nodiscard]] Result<void> advance(Run& run, std::size_t step);
  [[nodiscard]] Result<void> answer(Run& run, ResponseSink& sink) const;

  resource::Lease lease_;  // given back last
  catalog::Signature signature_;
  std::vector<Step> steps_;
  std::shared_ptr<const void> sessions_;  // of all steps: an output may be a constant of any
  // Values have numbers: the model's inputs first, then what the steps make.
  struct Numbers {
    std::vector<std::size_t> inputs;
    std::vector<std::size_t> outputs;
    std::vector<std::size_t> last_used;  // that no later step and no answer needs
  };
  std::vector<Numbers> numbers_;             // of each step
  std::vector<std::size_t> output_numbers_;  // by position in the signature
  std::size_t values_ = 0;
  RunOptionsPool run_options_;
};

}  // namespace aion::runtime::onnx
