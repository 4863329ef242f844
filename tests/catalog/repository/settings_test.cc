// A config.pbtxt is read as Triton reads it; what is not served yet is refused by name.
#include "catalog/repository/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aion::catalog {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string error_of(std::string_view text) {
  const auto settings = read_settings(text, "x");
  return settings ? "no error" : settings.error().message;
}

TEST(Settings, ReadsTensorsInAllTheFormsThatTextFormatAllows) {
  const auto settings = read_settings(R"(
    name: "x"  # a comment
    backend: "onnx" "runtime"
    input [ { name: "a" data_type: TYPE_FP32, dims: [ 3, -1 ] }, { name: "b" data_type: TYPE_STRING dims: 1 optional: true; } ]
    output { name: "c" data_type: TYPE_BF16 dims: [ 2 ] })",
                                      "x");

  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->backend, "onnx");
  ASSERT_EQ(settings->signature.inputs.size(), 2U);
  EXPECT_EQ(settings->signature.inputs[0].dtype, tensor::DataType::Fp32);
  EXPECT_THAT(settings->signature.inputs[0].shape, ElementsAre(3, -1));
  EXPECT_EQ(settings->signature.inputs[1].dtype, tensor::DataType::Bytes);
  EXPECT_TRUE(settings->signature.inputs[1].is_optional);
  ASSERT_EQ(settings->signature.outputs.size(), 1U);
  EXPECT_EQ(settings->signature.outputs[0].dtype, tensor::DataType::Bf16);
}

TEST(Settings, PutsTheBatchInFrontOfEveryShapeWhenBatchingIsOn) {
  const auto settings = read_settings(R"(max_batch_size: 8
    input { name: "a" data_type: TYPE_INT32 dims: [ 16 ] }
    output { name: "b" data_type: TYPE_INT32 dims: [ 4, 4 ] })",
                                      "x");

  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->max_batch_size, 8);
  EXPECT_THAT(settings->signature.inputs[0].shape, ElementsAre(-1, 16));
  EXPECT_THAT(settings->signature.outputs[0].shape, ElementsAre(-1, 4, 4));
}

TEST(Settings, KnowsOnnxRuntimeByAllItsNames) {
  for (const std::string_view text : {"backend: 'onnxruntime'",
                                      "platform: 'onnxruntime_onnx'",
                                      "backend: 'onnx'",
                                      "backend: 'onnxruntime' platform: 'onnxruntime_onnx'"}) {
    const auto settings = read_settings(text, "x");

    ASSERT_TRUE(settings) << text;
    EXPECT_EQ(settings->backend, "onnx") << text;
  }
}

TEST(Settings, RefusesAPlatformThatContradictsTheBackend) {
  EXPECT_THAT(error_of("backend: 'echo' platform: 'onnxruntime_onnx'"),
              AllOf(HasSubstr("'platform'"), HasSubstr("'echo'")));
}

TEST(Settings, ReadsADecoupledModelWithParameters) {
  const auto settings = read_settings(R"(model_transaction_policy { decoupled: True }
    parameters { key: "k" value: { string_value: "v" } })",
                                      "x");

  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_TRUE(settings->is_decoupled);
  EXPECT_EQ(settings->parameters.at("k"), "v");
}

TEST(Settings, TellsLineAndColumnOfASyntaxError) {
  EXPECT_THAT(error_of("name: \"x\"\nmax_batch_size: many\n"),
              AllOf(HasSubstr("model 'x': config.pbtxt line 2, column 17"), HasSubstr("many")));
}

TEST(Settings, NamesAnUnknownFieldAndWhatWasProbablyMeant) {
  EXPECT_THAT(error_of("inputs { name: 'a' }"),
              AllOf(HasSubstr("line 1"), HasSubstr("\"inputs\""), HasSubstr("calls it 'input'")));
}

TEST(Settings, RefusesANameThatIsNotTheFolders) {
  EXPECT_EQ(error_of("name: 'y'"),
            "model 'x': config.pbtxt: field 'name' is 'y', expected the folder's name 'x'");
}

TEST(Settings, RefusesFieldsThatAreKnownButNotServedYet) {
  EXPECT_EQ(error_of("dynamic_batching { }"),
            "model 'x': field 'dynamic_batching' of config.pbtxt is known but not served yet");
  EXPECT_THAT(error_of("optimization { graph { level: 1 } }"), HasSubstr("'optimization.graph'"));
  EXPECT_THAT(error_of("response_cache { enable: true }"), HasSubstr("'response_cache.enable'"));
  EXPECT_THAT(error_of("input { name: 'a' reshape { shape: [ ] } }"), HasSubstr("'input.reshape'"));
  EXPECT_THAT(error_of("instance_group { count: 1 gpus: [ 0 ] }"),
              HasSubstr("'instance_group.gpus'"));
  EXPECT_THAT(error_of("model_warmup { name: 'w' }"), HasSubstr("'model_warmup'"));
  EXPECT_THAT(error_of("cc_model_filenames { key: '8.0' value: 'f' }"),
              HasSubstr("'cc_model_filenames'"));
}

TEST(Settings, AcceptsFieldsThatAreSetToWhatHoldsAnyway) {
  EXPECT_EQ(error_of("optimization { } response_cache { enable: false } instance_group { count: 1 "
                     "kind: KIND_CPU }"),
            "no error");
}

TEST(Settings, RefusesMoreInstancesAndOtherDevices) {
  EXPECT_THAT(error_of("instance_group { count: 2 }"),
              AllOf(HasSubstr("'instance_group.count' is 2"), HasSubstr("expected 1")));
  EXPECT_THAT(error_of("instance_group { kind: KIND_GPU }"), HasSubstr("KIND_GPU"));
  EXPECT_THAT(error_of("instance_group [ { count: 1 }, { count: 1 } ]"), HasSubstr("2 times"));
}

TEST(Settings, RefusesTensorsThatAreNotFullyDescribed) {
  EXPECT_THAT(error_of("input { data_type: TYPE_FP32 dims: 1 }"),
              HasSubstr("field 'name' of an input"));
  EXPECT_THAT(error_of("input { name: 'a' dims: 1 }"), HasSubstr("'data_type' of input 'a'"));
  EXPECT_THAT(error_of("input { name: 'a' data_type: TYPE_FP32 }"),
              HasSubstr("'dims' of input 'a'"));
  EXPECT_THAT(error_of("output { name: 'a' data_type: TYPE_FP32 dims: [ 2, 0 ] }"),
              HasSubstr("extent 0"));
  EXPECT_THAT(error_of("output [ { name: 'a' data_type: TYPE_FP32 dims: 1 }, { name: 'a' "
                       "data_type: TYPE_FP32 dims: 1 } ]"),
              HasSubstr("output 'a' is there twice"));
}

TEST(Settings, RefusesAModelFileOutsideTheVersionsFolder) {
  EXPECT_THAT(error_of("default_model_filename: '../../x.onnx'"),
              HasSubstr("expected a plain file name"));
}

TEST(Settings, RefusesANegativeBatchSize) {
  EXPECT_THAT(error_of("max_batch_size: -1"), HasSubstr("'max_batch_size' is -1"));
}

TEST(VersionPolicy, TakesTheHighestByDefault) {
  const std::vector<std::int64_t> present{1, 3, 10};

  EXPECT_THAT(wanted_versions(present, {}), ElementsAre(10));
}

TEST(VersionPolicy, TakesNoMoreThanThereAre) {
  const std::vector<std::int64_t> present{1, 3};

  EXPECT_THAT(wanted_versions(present, {VersionPolicy::Kind::Latest, 5, {}}), ElementsAre(1, 3));
  EXPECT_THAT(wanted_versions(present, {VersionPolicy::Kind::Specific, 1, {3, 7}}), ElementsAre(3));
  EXPECT_THAT(wanted_versions({}, {VersionPolicy::Kind::Latest, 1, {}}), IsEmpty());
}

}  // namespace
}  // namespace aion::catalog
