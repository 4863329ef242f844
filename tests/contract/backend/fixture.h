// Opens and runs the models of one adapter.
#pragma once

#include <future>
#include <memory>
#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/executor.h"
#include "base/spawn.h"
#include "runtime/backends.h"
#include "tests/contract/backend/adapters.h"
#include "tests/runtime/backend/collecting_sink.h"

namespace aion::runtime {

class BackendSuite : public testing::Test {
 protected:
  Result<std::unique_ptr<Instance>> open(catalog::ModelVersion version,
                                         resource::Lease lease = {}) {
    AION_TRY(Backend* const backend, backends_.find(version));
    return wait_for(inline_executor(), backend->open(std::move(version), std::move(lease)));
  }

  /// Opens what must open.
  std::unique_ptr<Instance> opened(catalog::ModelVersion version) {
    auto instance = open(std::move(version));
    if (!instance) {
      ADD_FAILURE() << instance.error().message;
      std::exit(1);
    }
    return *std::move(instance);
  }

  /// A version with elements that the adapter does not carry is refused with their type's reason.
  void expect_refusal(catalog::ModelVersion version) {
    const auto instance = open(std::move(version));
    ASSERT_FALSE(instance);
    EXPECT_EQ(instance.error().code, Code::Unimplemented);
    EXPECT_THAT(instance.error().message, testing::HasSubstr("input 'INPUT0' has elements of"));
  }

  static Result<void> run(Instance& instance,
                          Batch batch,
                          ResponseSink& sink,
                          CancelToken cancel = {}) {
    return wait_for(inline_executor(), instance.run(std::move(batch), std::move(cancel), sink));
  }

  /// The outputs of a run that must send one response.
  static std::vector<tensor::Tensor> answer(Instance& instance, Batch batch) {
    CollectingSink sink;
    const auto done = run(instance, std::move(batch), sink);
    EXPECT_TRUE(done) << done.error().message;
    auto responses = sink.responses();
    EXPECT_EQ(responses.size(), 1U);
    return responses.empty() ? std::vector<tensor::Tensor>() : std::move(responses.front().outputs);
  }

 private:
  Executors executors_{{.io = 1, .compute = 1, .blocking = 1}};
  Backends backends_{{.clock = &executors_.clock(),
                      .onnx_library = {},
                      .openvino_plugin = {},
                      .worker_program = "/proc/self/exe",
                      .compute_threads = 2}};
};

}  // namespace aion::runtime
