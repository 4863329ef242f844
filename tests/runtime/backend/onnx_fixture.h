// Opens and runs ONNX models in a test.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/spawn.h"
#include "runtime/backend/onnx.h"
#include "tests/runtime/backend/collecting_sink.h"
#include "tests/runtime/backend/onnx_model.h"

namespace aion::runtime {

class OnnxTest : public testing::Test {
 protected:
  OnnxTest() { std::filesystem::create_directories(folder_); }
  ~OnnxTest() override { std::filesystem::remove_all(folder_); }

  /// A model of tests/models/make_models.py.
  static catalog::ModelVersion made(const std::string& name) {
    catalog::ModelVersion version;
    version.name = name;
    version.backend = "onnx";
    version.path = std::filesystem::path(AION_TEST_MODELS) / name / "1" / "model.onnx";
    return version;
  }

  /// A model of this test.
  catalog::ModelVersion written(const OnnxModel& model) {
    catalog::ModelVersion version;
    version.path = folder_ / "model.onnx";
    model.write(version.path);
    return version;
  }

  Result<std::unique_ptr<Instance>> open(catalog::ModelVersion version,
                                         resource::Lease lease = {}) {
    return wait_for(inline_executor(), backend_->open(std::move(version), std::move(lease)));
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

  /// The reason why a version does not open.
  Error refusal(catalog::ModelVersion version) {
    auto instance = open(std::move(version));
    return instance ? Error{Code::Internal, "it opened"} : std::move(instance).error();
  }

  static Result<Response> run(Instance& instance, Batch batch, CancelToken cancel = {}) {
    CollectingSink sink;
    AION_TRY_VOID(
        wait_for(inline_executor(), instance.run(std::move(batch), std::move(cancel), sink)));
    return sink.responses().at(0);
  }

  /// Runs what must run.
  static Response answer(Instance& instance, Batch batch) {
    auto response = run(instance, std::move(batch));
    EXPECT_TRUE(response) << response.error().message;
    return response ? *std::move(response) : Response();
  }

  std::unique_ptr<Backend> backend_ = make_onnx({});
  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) /
                                  ("onnx_test_" + std::to_string(::getpid()) + "_" +
                                   testing::UnitTest::GetInstance()->current_test_info()->name());
};

}  // namespace aion::runtime
