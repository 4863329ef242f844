// A compiled model of OpenVINO that answers runs.
#pragma once

#include <mutex>
#include <vector>

#include <openvino/runtime/compiled_model.hpp>

#include "runtime/backend/openvino/plugin.h"
#include "runtime/backend/openvino/value.h"

namespace aion::runtime::openvino {

class CompiledModel final : public Model {
 public:
  CompiledModel(ov::CompiledModel compiled, catalog::Signature signature);

  [[nodiscard]] const catalog::Signature& signature() const override { return signature_; }
  [[nodiscard]] Result<std::vector<tensor::Tensor>> run(const Run& run,
                                                        const CancelToken& cancel) override;
  void shrink() override;

 private:
  [[nodiscard]] ov::InferRequest take();
  void give_back(ov::InferRequest request);
  [[nodiscard]] Result<std::vector<tensor::Tensor>> infer(ov::InferRequest& request,
                                                          const Run& run,
                                                          const CancelToken& cancel);
  [[nodiscard]] std::vector<ov::Tensor> give_outputs(ov::InferRequest& request);

  catalog::Signature signature_;
  std::vector<ov::Output<const ov::Node>> outputs_;

  std::mutex mutex_;  // guards the two below; not held while the library computes
  ov::CompiledModel compiled_;
  std::vector<ov::InferRequest> idle_;
};

}  // namespace aion::runtime::openvino
