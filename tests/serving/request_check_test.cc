#include "serving/request_check.h"

#include <gtest/gtest.h>

namespace aion::serving {
namespace {

using tensor::DataType;

catalog::ModelVersion adder() {
  catalog::ModelVersion version;
  version.name = "add";
  version.signature.inputs = {{"A", DataType::Fp32, {-1, 2}}, {"B", DataType::Fp32, {-1, 2}}};
  version.signature.outputs = {{"SUM", DataType::Fp32, {-1, 2}}, {"DIFF", DataType::Fp32, {-1, 2}}};
  return version;
}

NamedTensor floats(std::string name, tensor::Shape shape, std::size_t count) {
  return {
      std::move(name),
      tensor::Tensor{
          DataType::Fp32, std::move(shape), tensor::Buffer::allocate(count * 4).buffer, nullptr}};
}

InferRequest ask(std::vector<NamedTensor> inputs) {
  InferRequest request;
  request.model = "add";
  request.id = "7";
  request.inputs = std::move(inputs);
  return request;
}

std::string refusal_of(const catalog::ModelVersion& version, InferRequest request) {
  const auto checked = check_request(version, request);
  return checked ? "accepted" : checked.error().message;
}

TEST(RequestCheck, PutsInputsIntoTheModelsOrder) {
  InferRequest request = ask({floats("B", {3, 2}, 6), floats("A", {3, 2}, 6)});
  const std::byte* const b_data = request.inputs[0].tensor.data.data;

  const auto checked = check_request(adder(), request);

  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->batch.inputs[1].data.data, b_data);
  EXPECT_EQ(checked->batch_size, 3U);
}

TEST(RequestCheck, WantsAllOutputsWhenNoneIsNamed) {
  InferRequest request = ask({floats("A", {1, 2}, 2), floats("B", {1, 2}, 2)});

  const auto checked = check_request(adder(), request);

  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->batch.outputs, (std::vector<std::uint32_t>{0, 1}));
}

TEST(RequestCheck, KeepsTheOrderOfNamedOutputs) {
  InferRequest request = ask({floats("A", {1, 2}, 2), floats("B", {1, 2}, 2)});
  request.outputs = {"DIFF", "SUM"};

  const auto checked = check_request(adder(), request);

  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->batch.outputs, (std::vector<std::uint32_t>{1, 0}));
}

TEST(RequestCheck, RefusesAnUnknownInput) {
  EXPECT_EQ(refusal_of(adder(), ask({floats("A", {1, 2}, 2), floats("C", {1, 2}, 2)})),
            "unexpected inference input 'C' for model 'add'");
}

TEST(RequestCheck, RefusesAnInputGivenTwice) {
  EXPECT_EQ(refusal_of(adder(), ask({floats("A", {1, 2}, 2), floats("A", {1, 2}, 2)})),
            "[request id: 7] input 'A' is given more than once for model 'add'");
}

TEST(RequestCheck, NamesTheMissingInput) {
  EXPECT_EQ(refusal_of(adder(), ask({floats("A", {1, 2}, 2)})),
            "[request id: 7] expected 2 inputs but got 1 inputs for model 'add'. Got input(s) "
            "['A'], but missing "
            "required input(s) ['B']. Please provide all required input(s).");
}

TEST(RequestCheck, LooksAtTheNumberOfInputsFirst) {
  EXPECT_EQ(
      refusal_of(adder(),
                 ask({floats("A", {1, 2}, 2), floats("B", {1, 2}, 2), floats("C", {1, 2}, 2)})),
      "[request id: 7] expected 2 inputs but got 3 inputs for model 'add'. Got input(s) "
      "['A','B','C'].");
}

TEST(RequestCheck, RefusesAWrongType) {
  NamedTensor input = floats("A", {1, 2}, 2);
  input.tensor.dtype = DataType::Int32;
  EXPECT_EQ(
      refusal_of(adder(), ask({std::move(input), floats("B", {1, 2}, 2)})),
      "[request id: 7] inference input 'A' data-type is 'INT32', but model 'add' expects 'FP32'");
}

TEST(RequestCheck, RefusesAWrongShape) {
  EXPECT_EQ(refusal_of(adder(), ask({floats("A", {1, 3}, 3), floats("B", {1, 2}, 2)})),
            "[request id: 7] unexpected shape for input 'A' for model 'add'. Expected [-1,2], got "
            "[1,3]. ");
}

TEST(RequestCheck, RefusesAWrongByteCount) {
  EXPECT_EQ(refusal_of(adder(), ask({floats("A", {2, 2}, 3), floats("B", {1, 2}, 2)})),
            "[request id: 7] input byte size mismatch for input 'A' for model 'add'. Expected 16, "
            "got 12");
}

TEST(RequestCheck, RefusesMoreRowsThanTheModelTakes) {
  catalog::ModelVersion version = adder();
  version.max_batch_size = 2;
  EXPECT_EQ(refusal_of(version, ask({floats("A", {3, 2}, 6), floats("B", {3, 2}, 6)})),
            "[request id: 7] inference request batch-size must be <= 2 for 'add'");
}

TEST(RequestCheck, RefusesInputsWithDifferentRows) {
  catalog::ModelVersion version = adder();
  version.max_batch_size = 8;
  EXPECT_EQ(refusal_of(version, ask({floats("A", {3, 2}, 6), floats("B", {2, 2}, 4)})),
            "[request id: 7] input 'B' batch size does not match other inputs for 'add'");
}

TEST(RequestCheck, SaysThatTheClientSentNoId) {
  InferRequest request = ask({floats("A", {1, 3}, 3), floats("B", {1, 2}, 2)});
  request.id.clear();
  EXPECT_TRUE(refusal_of(adder(), std::move(request)).starts_with("[request id: <id_unknown>] "));
}

TEST(RequestCheck, RefusesAnOutputThatTheModelDoesNotHave) {
  InferRequest request = ask({floats("A", {1, 2}, 2), floats("B", {1, 2}, 2)});
  request.outputs = {"PRODUCT"};
  EXPECT_EQ(refusal_of(adder(), std::move(request)),
            "unexpected inference output 'PRODUCT' for model 'add'");
}

}  // namespace
}  // namespace aion::serving
