#include "protocol/kserve/http_documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aion::kserve {
namespace {

using testing::HasSubstr;

TEST(HttpDocuments, ListsOnlyTheExtensionsThatAreServed) {
  EXPECT_EQ(server_metadata_text("aion", "1.2.3"),
            R"({"name":"aion","version":"1.2.3","extensions":["classification","model_repository",)"
            R"-("model_repository(unload_dependents)","schedule_policy","model_configuration",)-"
            R"-("binary_tensor_data","parameters","statistics"]})-");
}

TEST(HttpDocuments, DescribesAModelWithItsVersionsAsStrings) {
  const serving::ModelMetadata metadata{"m",
                                        {1, 3},
                                        "onnxruntime_onnx",
                                        {{{"x", tensor::DataType::Fp32, {-1, 2}, false}}, {}},
                                        false};

  EXPECT_EQ(model_metadata_text(metadata),
            R"({"name":"m","versions":["1","3"],"platform":"onnxruntime_onnx",)"
            R"("inputs":[{"name":"x","datatype":"FP32","shape":[-1,2]}],"outputs":[]})");
}

TEST(HttpDocuments, GivesAModelThatWasNeverLoadedARowWithNothingButItsName) {
  EXPECT_EQ(index_text({{"m", 0, serving::VersionState::Unavailable, ""}}), R"([{"name":"m"}])");
}

TEST(HttpDocuments, GivesStateAndReasonOfAVersionThatIsNotReady) {
  EXPECT_EQ(index_text({{"m", 2, serving::VersionState::Unavailable, "unloaded"}}),
            R"([{"name":"m","version":"2","state":"UNAVAILABLE","reason":"unloaded"}])");
}

TEST(HttpDocuments, WritesTheFiguresOfAVersionUnderTritonsNames) {
  serving::VersionStatistics one;
  one.name = "m";
  one.version = 1;
  one.statistics.last_inference_ms = 5;
  one.statistics.inference_count = 4;
  one.statistics.execution_count = 2;
  one.statistics.success = {2, 90};
  one.statistics.compute_infer = {2, 70};
  one.statistics.batches[2] = {2, 70};

  EXPECT_EQ(
      statistics_text({one}),
      R"({"model_stats":[{"name":"m","version":"1","last_inference":5,"inference_count":4,"execution_count":2,)"
      R"("inference_stats":{"success":{"count":2,"ns":90},"fail":{"count":0,"ns":0},"queue":{"count":0,"ns":0},)"
      R"("compute_input":{"count":0,"ns":0},"compute_infer":{"count":2,"ns":70},)"
      R"("compute_output":{"count":0,"ns":0},"cache_hit":{"count":0,"ns":0},"cache_miss":{"count":0,"ns":0}},)"
      R"("response_stats":{},"batch_stats":[{"batch_size":2,"compute_input":{"count":2,"ns":0},)"
      R"("compute_infer":{"count":2,"ns":70},"compute_output":{"count":2,"ns":0}}],"memory_usage":[]}]})");
}

TEST(HttpDocuments, ReadsWhetherOnlyReadyModelsAreWanted) {
  EXPECT_FALSE(*read_index_body(""));
  EXPECT_FALSE(*read_index_body("{}"));
  EXPECT_TRUE(*read_index_body(R"({"ready":true})"));
}

TEST(HttpDocuments, RefusesAReadyThatIsNoBoolean) {
  EXPECT_EQ(read_index_body(R"({"ready":"yes"})").error().message,
            "Unable to parse 'request': ready must be true or false; got '\"yes\"'");
}

TEST(HttpDocuments, ReadsWhatALoadPutsInThePlaceOfTheRepository) {
  EXPECT_FALSE(read_load_body("")->has_value());
  EXPECT_FALSE(read_load_body(R"({"parameters":{}})")->has_value());

  const auto given = read_load_body(R"({"parameters":{"config":"{}","file:1/model.onnx":"Zm9v"}})");

  ASSERT_TRUE(given && *given);
  EXPECT_EQ((*given)->config, "{}");
  EXPECT_EQ((*given)->files.at("1/model.onnx"), "foo");
}

TEST(HttpDocuments, NamesALoadParameterThatIsWrong) {
  const auto error = [](std::string_view body) {
    return read_load_body(body).error().message;
  };
  EXPECT_THAT(error(R"({"parameters":{"config":{}}})"),
              HasSubstr("parameters.config must be a string"));
  EXPECT_THAT(error(R"({"parameters":{"config":"{}","file:x":"?"}})"),
              HasSubstr("parameters.file:x: no base64"));
  EXPECT_THAT(error(R"({"parameters":{"cfg":"{}"}})"), HasSubstr("'cfg'"));
}

TEST(HttpDocuments, WantsAConfigurationWithAFileInALoad) {
  EXPECT_EQ(read_load_body(R"({"parameters":{"file:1/model.onnx":"AA=="}})").error().message,
            "Load parameter 'config' must be specified for model file override");
}

TEST(HttpDocuments, AcceptsUnloadDependents) {
  EXPECT_TRUE(check_unload_body(R"({"parameters":{"unload_dependents":true}})"));
  EXPECT_FALSE(check_unload_body(R"({"parameters":{"unload_dependents":1}})"));
  EXPECT_FALSE(check_unload_body(R"({"parameters":{"other":true}})"));
}

}  // namespace
}  // namespace aion::kserve
