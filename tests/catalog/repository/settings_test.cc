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
  EXPECT_EQ(error_of("sequence_batching { }"),
            "model 'x': field 'sequence_batching' of config.pbtxt is known but not served yet");
  EXPECT_THAT(error_of("input { name: 'a' allow_ragged_batch: true }"),
              HasSubstr("'input.allow_ragged_batch'"));
  EXPECT_THAT(error_of("instance_group { count: 1 gpus: [ 0 ] }"),
              HasSubstr("'instance_group.gpus'"));
}

TEST(Settings, ReadsReshapes) {
  const auto settings = read_settings(R"(
    max_batch_size: 4
    input { name: 'a' data_type: TYPE_FP32 dims: [ 2, -1, 6 ] reshape: { shape: [ 2, -1, 3, 2 ] } }
    output { name: 'b' data_type: TYPE_FP32 dims: [ 1 ] reshape: { shape: [ ] } }
    output { name: 'c' data_type: TYPE_FP32 dims: [ 1 ] })",
                                      "x");

  ASSERT_TRUE(settings) << settings.error().message;
  const Signature& signature = settings->signature;
  EXPECT_THAT(signature.inputs[0].shape, ElementsAre(-1, 2, -1, 6));
  EXPECT_THAT(signature.inputs[0].inner_shape, testing::Optional(ElementsAre(-1, 2, -1, 3, 2)));
  EXPECT_THAT(signature.outputs[0].inner_shape, testing::Optional(ElementsAre(-1)));
  EXPECT_EQ(signature.outputs[1].inner_shape, std::nullopt);
}

TEST(Settings, RefusesAReshapeToOtherElements) {
  const auto error = [](const std::string& dims, const std::string& shape) {
    return error_of("input { name: 'a' data_type: TYPE_FP32 dims: " + dims +
                    " reshape: { shape: " + shape + " } }");
  };
  EXPECT_THAT(error("[ 4 ]", "[ 3 ]"),
              HasSubstr("field 'reshape' of input 'a' has the shape [3], expected as many elements "
                        "as 'dims' [4] has, between the same open extents"));
  EXPECT_THAT(error("[ 2, -1 ]", "[ -1, 2 ]"), HasSubstr("between the same open extents"));
  EXPECT_THAT(error("[ -1 ]", "[ 2 ]"), HasSubstr("between the same open extents"));
  EXPECT_THAT(error("[ 1 ]", "[ 0 ]"), HasSubstr("extents of at least 1, or -1 for any"));
  EXPECT_NE(error("[ 1 ]", "[ 9223372036854775807, 9223372036854775807 ]"), "no error");
}

TEST(Settings, ReadsHowFarTheGraphMayBeChanged) {
  const auto settings = read_settings("optimization { graph { level: -1 } }", "x");
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->parameters.at("graph_optimization"), "basic");
  EXPECT_EQ(read_settings("optimization { graph { level: 2 } }", "x")
                ->parameters.at("graph_optimization"),
            "off");
  EXPECT_THAT(error_of("optimization { graph { level: 3 } }"),
              HasSubstr("'optimization.graph.level' is 3, expected -1 (basic), 0 (all)"));
}

TEST(Settings, KeepsNoAnswersOfADecoupledModel) {
  EXPECT_TRUE(read_settings("response_cache { enable: true }", "x")->is_cached);
  EXPECT_THAT(
      error_of("response_cache { enable: true } model_transaction_policy { decoupled: true }"),
      HasSubstr("'response_cache.enable' is true, expected false for a decoupled model"));
  EXPECT_THAT(
      error_of("response_cache { enable: true } dynamic_batching { preserve_ordering: true }"),
      HasSubstr("expected false beside 'dynamic_batching.preserve_ordering'"));
}

TEST(Settings, RefusesFilesOutsideOfTheModelForGpus) {
  EXPECT_THAT(error_of("cc_model_filenames { key: '8.0' value: '../a.onnx' }"),
              HasSubstr("'cc_model_filenames' names '../a.onnx' for '8.0'"));
}

TEST(Settings, AcceptsFieldsThatAreSetToWhatHoldsAnyway) {
  EXPECT_EQ(error_of("optimization { input_pinned_memory { enable: true } } cc_model_filenames { "
                     "key: '8.0' value: 'a.onnx' }"),
            "no error");
  EXPECT_EQ(error_of("optimization { } response_cache { enable: false } instance_group { count: 1 "
                     "kind: KIND_CPU }"),
            "no error");
}

TEST(Settings, ReadsDynamicBatchingWhole) {
  const auto settings = read_settings(R"(
    max_batch_size: 8
    dynamic_batching {
      preferred_batch_size: [ 8, 4 ] max_queue_delay_microseconds: 500 preserve_ordering: true
      priority_levels: 3 default_priority_level: 2
      default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 9 max_queue_size: 5 }
      priority_queue_policy { key: 1 value { allow_timeout_override: true } }
    })",
                                      "x");

  ASSERT_TRUE(settings) << settings.error().message;
  const Batching& batching = settings->batching;
  EXPECT_EQ(batching.mode, Batching::Mode::Dynamic);
  EXPECT_THAT(batching.preferred, ElementsAre(4, 8));
  EXPECT_EQ(batching.max_delay, std::chrono::microseconds(500));
  EXPECT_TRUE(batching.keeps_order);
  EXPECT_EQ(batching.levels, 3U);
  EXPECT_EQ(batching.default_level, 2U);
  const QueuePolicy usual{QueuePolicy::OnTimeout::Delay, std::chrono::microseconds(9), false, 5};
  EXPECT_EQ(batching.policy, usual);
  const QueuePolicy first{QueuePolicy::OnTimeout::Refuse, std::chrono::microseconds(0), true, 0};
  EXPECT_EQ(batching.level_policies.at(1), first);
}

TEST(Settings, RefusesDynamicBatchingThatDoesNotFitTogether) {
  EXPECT_THAT(
      error_of("max_batch_size: 4 dynamic_batching { preferred_batch_size: [ 8 ] }"),
      AllOf(HasSubstr("'dynamic_batching.preferred_batch_size' is 8"), HasSubstr("which is 4")));
  EXPECT_THAT(error_of("dynamic_batching { preferred_batch_size: [ 0 ] }"), HasSubstr("is 0"));
  EXPECT_THAT(error_of("dynamic_batching { default_priority_level: 1 }"),
              HasSubstr("'dynamic_batching.default_priority_level' is 1"));
  EXPECT_THAT(error_of("dynamic_batching { priority_levels: 2 }"),
              HasSubstr("'dynamic_batching.default_priority_level' is 0, expected 1 to"));
  EXPECT_THAT(error_of("dynamic_batching { priority_levels: 2 default_priority_level: 1 "
                       "priority_queue_policy { key: 3 value { } } }"),
              HasSubstr("of level 3"));
  EXPECT_THAT(
      error_of("dynamic_batching { max_queue_delay_microseconds: 18446744073709551615 }"),
      AllOf(HasSubstr("'dynamic_batching.max_queue_delay_microseconds'"), HasSubstr("a day")));
}

std::string parameter(const std::string& key, const std::string& value) {
  return "parameters { key: '" + key + "' value { string_value: '" + value + "' } } ";
}

TEST(Settings, SaysWhenAnswersAreWanted) {
  using std::chrono::milliseconds;
  EXPECT_EQ(read_settings("", "x")->timing, Timing{});
  EXPECT_EQ(read_settings(parameter("period_ms", "33"), "x")->timing,
            (Timing{milliseconds{33}, milliseconds{33}, Criticality::Normal}));
  EXPECT_EQ(read_settings(parameter("period_ms", "33") + parameter("deadline_ms", "50") +
                              parameter("criticality", "safety"),
                          "x")
                ->timing,
            (Timing{milliseconds{33}, milliseconds{50}, Criticality::Safety}));
}

TEST(Settings, NamesATimingThatIsNone) {
  EXPECT_THAT(error_of(parameter("deadline_ms", "10s")),
              HasSubstr("'parameters[deadline_ms]' is '10s', expected a number of milliseconds "
                        "from 0.001 to 86400000"));
  EXPECT_THAT(error_of(parameter("period_ms", "0")), HasSubstr("'parameters[period_ms]' is '0'"));
  EXPECT_THAT(error_of(parameter("criticality", "critical")),
              HasSubstr("'parameters[criticality]' is 'critical', expected safety, normal or "
                        "best-effort"));
}

TEST(Settings, BatchesAdaptivelyUnlessTheModelSaysThatItHasNoRows) {
  const auto mode = [](std::string_view text) {
    return read_settings(text, "x")->batching.mode;
  };
  EXPECT_EQ(mode(""), Batching::Mode::Adaptive);
  EXPECT_EQ(mode("max_batch_size: 8"), Batching::Mode::Adaptive);
  EXPECT_EQ(mode("input { name: 'a' data_type: TYPE_FP32 dims: -1 }"), Batching::Mode::Off);
  EXPECT_EQ(mode("parameters { key: 'batching' value { string_value: 'off' } }"),
            Batching::Mode::Off);
  EXPECT_THAT(error_of("parameters { key: 'batching' value { string_value: 'on' } }"),
              HasSubstr("'parameters[batching]' is 'on', expected off or adaptive"));
}

TEST(Settings, AddsUpTheInstancesOfAllGroups) {
  const auto instances = [](std::string_view text) {
    return read_settings(text, "x")->instances;
  };
  EXPECT_EQ(instances(""), 0U);
  EXPECT_EQ(instances("instance_group [ { count: 2 }, { count: 1 kind: KIND_CPU } ]"), 3U);
  EXPECT_EQ(instances("instance_group { kind: KIND_CPU }"), 0U);
  EXPECT_THAT(error_of("instance_group { kind: KIND_GPU }"), HasSubstr("KIND_GPU"));
  EXPECT_THAT(error_of("instance_group { count: -1 }"), HasSubstr("'instance_group.count' is -1"));
}

TEST(Settings, ReadsWarmupsWithTheirRows) {
  const auto settings = read_settings(R"(
    max_batch_size: 8
    model_warmup { name: "w" batch_size: 2 count: 3
      inputs { key: "a" value { data_type: TYPE_FP32 dims: [ 3 ] random_data: true } }
      inputs { key: "b" value { data_type: TYPE_STRING dims: [ 1 ] input_data_file: "b.bin" } } })",
                                      "x");

  ASSERT_TRUE(settings) << settings.error().message;
  ASSERT_EQ(settings->warmups.size(), 1U);
  const Warmup& warmup = settings->warmups.front();
  EXPECT_EQ(warmup.count, 3U);
  EXPECT_THAT(warmup.inputs.at("a").shape, ElementsAre(2, 3));
  EXPECT_EQ(warmup.inputs.at("a").data, WarmupInput::Data::Random);
  EXPECT_EQ(warmup.inputs.at("b").file, "b.bin");
}

TEST(Settings, RefusesAWarmupThatCannotBeRun) {
  const auto refusal = [](const std::string& fields) {
    return error_of("model_warmup { name: 'w' batch_size: 1 inputs { key: 'a' value { " + fields +
                    " } } }");
  };
  EXPECT_THAT(error_of("model_warmup { name: 'w' }"),
              HasSubstr("'model_warmup[w].batch_size' is 0, expected 1"));
  EXPECT_THAT(refusal("dims: 1 zero_data: true"), HasSubstr("data_type' is missing"));
  EXPECT_THAT(refusal("data_type: TYPE_FP32 dims: -1 zero_data: true"), HasSubstr("[-1]"));
  EXPECT_THAT(refusal("data_type: TYPE_FP32 dims: 1"), HasSubstr("expected zero_data"));
  EXPECT_THAT(refusal("data_type: TYPE_FP32 dims: 1 input_data_file: '../x'"),
              HasSubstr("'../x', expected the plain name"));
}

TEST(Settings, TakesTheFormatOfImagesAndTagsOfMetrics) {
  EXPECT_EQ(error_of("input { name: 'a' data_type: TYPE_UINT8 dims: [ 3, 2, 2 ] "
                     "format: FORMAT_NCHW }"),
            "no error");
  EXPECT_THAT(error_of("input { name: 'a' data_type: TYPE_UINT8 dims: [ 3 ] format: FORMAT_NCHW }"),
              HasSubstr("'format' of input 'a' is FORMAT_NCHW"));
  EXPECT_EQ(read_settings("metric_tags { key: 'team' value: 'red' }", "x")->metric_tags.at("team"),
            "red");
  EXPECT_THAT(error_of("metric_tags { key: 'a-b' value: 'c' }"), HasSubstr("'a-b'"));
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
