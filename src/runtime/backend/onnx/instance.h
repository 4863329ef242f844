// A loaded ONNX model that answers batches.
#pragma once

#include <memory>
#include <vector>

#include "runtime/backend/backend.h"
#include "runtime/backend/onnx/run_options.h"
#include "runtime/backend/onnx/session.h"

namespace aion::runtime::onnx {

class OnnxInstance final : public Instance {
 public:
  OnnxInstance(std::shared_ptr<const Session> session, catalog::Signature signature);

  [[nodiscard]] const catalog::Signature& signature() const override { return signature_; }
  [[nodiscard]] Task<void> run(Batch batch, CancelToken cancel, ResponseSink& sink) override;
  void shrink() override;

 private:
  [[nodiscard]] Result<void> execute(const Batch& batch,
                                     const CancelToken& cancel,
                                     ResponseSink& sink);
  [[nodiscard]] Result<void> shrink_arena() const;

  catalog::Signature signature_;
  std::vector<const char*> input_names_;   // into signature_
  std::vector<const char*> output_names_;  // into signature_
  std::shared_ptr<const Session> session_;
  RunOptionsPool run_options_;
};

}  // namespace aion::runtime::onnx
