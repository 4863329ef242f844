#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/runtime/backend/onnx_fixture.h"

namespace aion::runtime {
namespace {

using catalog::TensorSpec;
using tensor::DataType;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class OnnxLoad : public OnnxTest {};

const Message kFloats = tensor_type(Element::Float, {-1});

/// y = x + c
OnnxModel add_constant() {
  return OnnxModel().input("x", kFloats).output("y", kFloats).node("Add", {"x", "c"}, "y");
}

std::ptrdiff_t threads() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
}

TEST_F(OnnxLoad, CompletesTheSignatureFromTheFile) {
  const auto instance = opened(made("mlp"));

  const catalog::Signature& signature = instance->signature();
  ASSERT_EQ(signature.inputs.size(), 1U);
  EXPECT_EQ(signature.inputs[0].name, "x");
  EXPECT_EQ(signature.inputs[0].dtype, DataType::Fp32);
  EXPECT_THAT(signature.inputs[0].shape, ElementsAre(-1, 64));
  ASSERT_EQ(signature.outputs.size(), 1U);
  EXPECT_EQ(signature.outputs[0].name, "y");
  EXPECT_THAT(signature.outputs[0].shape, ElementsAre(-1, 10));
}

TEST_F(OnnxLoad, GivesAScalarRankZero) {
  const auto instance = opened(made("scalar"));

  EXPECT_THAT(instance->signature().inputs[0].shape, IsEmpty());
}

TEST_F(OnnxLoad, DoesNotOfferAnInputThatHasAValueInTheFile) {
  const auto instance = opened(
      written(add_constant().input("c", tensor_type(Element::Float, {1})).constant("c", {2})));

  ASSERT_EQ(instance->signature().inputs.size(), 1U);
  EXPECT_EQ(instance->signature().inputs[0].name, "x");
}

TEST_F(OnnxLoad, KeepsTheOrderAndTheNarrowerShapesOfTheConfiguration) {
  auto version = made("simple");
  version.signature.inputs = {{"INPUT1", DataType::Int32, {1, 16}},
                              {"INPUT0", DataType::Int32, {-1, 16}}};
  version.signature.outputs = {{"OUTPUT1", DataType::Int32, {-1, 16}}};

  const auto instance = opened(version);

  EXPECT_EQ(instance->signature().inputs[0].name, "INPUT1");
  EXPECT_THAT(instance->signature().inputs[0].shape, ElementsAre(1, 16));
  ASSERT_EQ(instance->signature().outputs.size(), 1U);
  EXPECT_EQ(instance->signature().outputs[0].name, "OUTPUT1");
}

TEST_F(OnnxLoad, RefusesAConfiguredTypeThatTheFileDoesNotHave) {
  auto version = made("mlp");
  version.signature.inputs = {{"x", DataType::Fp64, {-1, 64}}};

  const Error error = refusal(version);

  EXPECT_EQ(error.code, Code::InvalidArgument);
  EXPECT_EQ(error.message, "input 'x' is configured as FP64, but the model file has FP32");
}

TEST_F(OnnxLoad, RefusesAConfiguredShapeThatTheFileDoesNotAllow) {
  auto version = made("mlp");
  version.signature.outputs = {{"y", DataType::Fp32, {-1, -1}}};

  EXPECT_EQ(refusal(version).message,
            "output 'y' is configured with shape [-1,-1], but the model file has [-1,10]");
}

TEST_F(OnnxLoad, RefusesAConfiguredNameThatTheFileDoesNotHave) {
  auto version = made("mlp");
  version.signature.outputs = {{"z", DataType::Fp32, {-1, 10}}};

  EXPECT_EQ(refusal(version).message, "output 'z' is configured, but the model file has only: y");
}

TEST_F(OnnxLoad, RefusesAConfigurationThatLeavesOutAnInput) {
  auto version = made("simple");
  version.signature.inputs = {{"INPUT0", DataType::Int32, {-1, 16}}};

  EXPECT_EQ(refusal(version).message,
            "input 'INPUT1' of the model file is not configured; configured are: INPUT0");
}

TEST_F(OnnxLoad, NamesTheOutputThatIsNoTensor) {
  const auto model = OnnxModel()
                         .input("x", kFloats)
                         .output("classes", sequence_type(kFloats))
                         .node("SequenceConstruct", {"x"}, "classes");

  const Error error = refusal(written(model));

  EXPECT_EQ(error.code, Code::Unimplemented);
  EXPECT_EQ(error.message, "output 'classes' is a sequence; only tensors can be served");
}

TEST_F(OnnxLoad, TakesTheShapeOfTheConfigurationWhereTheFileDeclaresNoRank) {
  auto version = written(OnnxModel()
                             .input("x", tensor_type_of_unknown_rank(Element::Float))
                             .output("y", tensor_type_of_unknown_rank(Element::Float))
                             .node("Neg", {"x"}, "y"));
  version.signature.inputs = {{"x", DataType::Fp32, {-1}}};

  const auto instance = opened(version);

  EXPECT_THAT(instance->signature().inputs[0].shape, ElementsAre(-1));
  const Response response = answer(*instance, {{floats({2, 3})}, {0}, {}});
  EXPECT_THAT(response.outputs[0].shape, ElementsAre(2));
}

TEST_F(OnnxLoad, SaysWhyATruncatedFileCannotBeRead) {
  const Error error = refusal(made("broken"));

  EXPECT_EQ(error.code, Code::InvalidArgument);
  EXPECT_THAT(error.message, HasSubstr("Protobuf parsing failed"));
}

TEST_F(OnnxLoad, SaysThatTheFileIsMissing) {
  const Error error = refusal(made("absent"));

  EXPECT_EQ(error.code, Code::NotFound);
  EXPECT_THAT(error.message, HasSubstr("absent/1/model.onnx"));
}

TEST_F(OnnxLoad, SaysThatTheOpsetIsTooNew) {
  const Error error = refusal(written(add_constant().constant("c", {1}).opset(99)));

  EXPECT_THAT(error.message, HasSubstr("Opset 99"));
}

TEST_F(OnnxLoad, ReadsExternalDataBesideTheModel) {
  std::ofstream(folder_ / "weights.bin", std::ios::binary) << std::string("\0\0\200\77", 4);  // 1.0

  const auto instance = opened(written(add_constant().external_constant("c", 1, "weights.bin")));

  const Response response = answer(*instance, {{floats({2})}, {0}, {}});
  EXPECT_THAT(values_of<float>(response.outputs[0]), ElementsAre(3.0F));
}

TEST_F(OnnxLoad, SaysWhichExternalDataIsMissing) {
  EXPECT_THAT(refusal(written(add_constant().external_constant("c", 1, "weights.bin"))).message,
              HasSubstr("weights.bin"));
}

TEST_F(OnnxLoad, DoesNotReadExternalDataOutsideTheModelsFolder) {
  const auto outside = folder_.parent_path() / (folder_.filename().string() + ".bin");
  std::ofstream(outside, std::ios::binary) << std::string(4, '\0');

  const Error error = refusal(
      written(add_constant().external_constant("c", 1, "../" + outside.filename().string())));

  EXPECT_THAT(error.message, HasSubstr("escapes model directory"));
  std::filesystem::remove(outside);
}

TEST_F(OnnxLoad, DoesNotFollowALinkToExternalDataOutsideTheModelsFolder) {
  const auto outside = folder_.parent_path() / (folder_.filename().string() + ".bin");
  std::ofstream(outside, std::ios::binary) << std::string(4, '\0');
  std::filesystem::create_symlink(outside, folder_ / "weights.bin");

  const Error error = refusal(written(add_constant().external_constant("c", 1, "weights.bin")));

  EXPECT_THAT(error.message, HasSubstr("escapes model directory"));
  std::filesystem::remove(outside);
}

TEST_F(OnnxLoad, SaysThatTheLibraryIsMissing) {
  backend_ = make_onnx({.library = folder_ / "libonnxruntime.so"});

  const Error error = refusal(made("mlp"));

  EXPECT_EQ(error.code, Code::Unavailable);
  EXPECT_THAT(error.message,
              HasSubstr((folder_ / "libonnxruntime.so").string() + " cannot be used"));
}

TEST_F(OnnxLoad, SaysThatTheLibraryIsAnotherOne) {
  backend_ = make_onnx({.library = "libz.so.1"});

  EXPECT_THAT(refusal(made("mlp")).message, HasSubstr("it has no function OrtGetApiBase"));
}

TEST_F(OnnxLoad, GivesTheLeaseBackWhenTheModelCannotBeLoaded) {
  bool given_back = false;

  const auto instance =
      open(made("broken"), resource::Lease({}, [&](const resource::Claim&) { given_back = true; }));

  EXPECT_FALSE(instance);
  EXPECT_TRUE(given_back);
}

TEST_F(OnnxLoad, StartsAsManyThreadsForOneRunAsTheParameterSays) {
  const auto first = opened(made("mlp"));  // the library starts threads of its own
  std::thread([] {}).join();               // and so does ThreadSanitizer, with the first thread
  auto version = made("mlp");
  version.parameters["intra_op_thread_count"] = "3";
  const auto before = threads();

  const auto instance = opened(version);

  EXPECT_EQ(threads() - before, 2);  // and the one that calls run()
}

TEST_F(OnnxLoad, UsesTheCoresOfTheLeaseWhereOnlyOneRunIsUnderWay) {
  const auto first = opened(made("mlp"));
  std::thread([] {}).join();
  resource::Claim claim;
  claim.quantity.cores = 2;
  const auto before = threads();

  const auto instance = open(made("mlp"), resource::Lease(claim, [](const resource::Claim&) {}));

  EXPECT_EQ(threads() - before, 1);
}

TEST_F(OnnxLoad, StartsNoThreadsWhereSeveralRunsMayBeUnderWay) {
  backend_ = make_onnx({.library = {}, .compute_threads = 2});
  const auto first = opened(made("mlp"));
  std::thread([] {}).join();
  resource::Claim claim;
  claim.quantity.cores = 2;
  const auto before = threads();

  const auto instance = open(made("mlp"), resource::Lease(claim, [](const resource::Claim&) {}));

  EXPECT_EQ(threads(), before);
}

TEST_F(OnnxLoad, RefusesAThreadCountThatIsNoNumber) {
  auto version = made("mlp");
  version.parameters["intra_op_thread_count"] = "many";

  EXPECT_EQ(refusal(version).message,
            "parameter 'intra_op_thread_count' is 'many', expected a whole number from 1 to 1024");
}

}  // namespace
}  // namespace aion::runtime
