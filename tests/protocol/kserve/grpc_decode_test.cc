// A gRPC infer request is read without copies where the wire allows it, and refused with Triton's
// texts.
#include "protocol/kserve/grpc_decode.h"

#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aion::kserve {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Message = inference::ModelInferRequest;
using Input = Message::InferInputTensor;

std::shared_ptr<Message> request() {
  auto message = std::make_shared<Message>();
  message->set_model_name("net");
  return message;
}

Input& add_input(Message& message,
                 const std::string& dtype,
                 std::initializer_list<std::int64_t> shape) {
  Input& input = *message.add_inputs();
  input.set_name("IN" + std::to_string(message.inputs_size() - 1));
  input.set_datatype(dtype);
  input.mutable_shape()->Add(shape.begin(), shape.end());
  return input;
}

Error error_of(const std::shared_ptr<Message>& message) {
  const auto decoded = decode_infer(*message, message);
  return decoded ? Error{Code::Internal, "no error"} : decoded.error();
}

template <class Element>
std::vector<Element> elements_of(const tensor::Tensor& tensor) {
  std::vector<Element> elements(tensor.data.bytes / sizeof(Element));
  std::memcpy(elements.data(), tensor.data.data, tensor.data.bytes);
  return elements;
}

TEST(GrpcDecode, ReadsHeadAndOutputs) {
  const auto message = request();
  message->set_model_version("3");
  message->set_id("42");
  message->add_outputs()->set_name("B");
  message->add_outputs()->set_name("A");

  const auto decoded = decode_infer(*message, message);

  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->request.model, "net");
  EXPECT_EQ(decoded->request.version, 3);
  EXPECT_EQ(decoded->request.id, "42");
  EXPECT_THAT(decoded->request.outputs, ElementsAre("B", "A"));
}

TEST(GrpcDecode, ViewsRawTensorsInTheMessageAndKeepsItAlive) {
  auto message = request();
  add_input(*message, "FP32", {1, 2});
  message->add_raw_input_contents("12345678");
  const std::weak_ptr<Message> watch = message;
  const void* const in_message = message->raw_input_contents(0).data();

  auto decoded = decode_infer(*message, message);
  message.reset();

  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->request.inputs[0].tensor.data.data, in_message);
  EXPECT_FALSE(watch.expired());
  decoded->request.inputs.clear();
  EXPECT_TRUE(watch.expired());
}

TEST(GrpcDecode, ViewsTypedContentsOfTheirOwnWidthInTheMessage) {
  const auto message = request();
  Input& input = add_input(*message, "INT64", {2});
  input.mutable_contents()->add_int64_contents(-5);
  input.mutable_contents()->add_int64_contents(9007199254740993);

  const auto decoded = decode_infer(*message, message);

  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(static_cast<const void*>(decoded->request.inputs[0].tensor.data.data),
            input.contents().int64_contents().data());
  EXPECT_THAT(elements_of<std::int64_t>(decoded->request.inputs[0].tensor),
              ElementsAre(-5, 9007199254740993));
}

TEST(GrpcDecode, NarrowsSmallIntegers) {
  const auto message = request();
  Input& small = add_input(*message, "INT8", {2});
  small.mutable_contents()->add_int_contents(-128);
  small.mutable_contents()->add_int_contents(127);
  add_input(*message, "UINT16", {1}).mutable_contents()->add_uint_contents(65535);

  const auto decoded = decode_infer(*message, message);

  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_THAT(elements_of<std::int8_t>(decoded->request.inputs[0].tensor), ElementsAre(-128, 127));
  EXPECT_THAT(elements_of<std::uint16_t>(decoded->request.inputs[1].tensor), ElementsAre(65535));
}

TEST(GrpcDecode, RefusesSmallIntegersOutOfRange) {
  const auto message = request();
  Input& input = add_input(*message, "UINT8", {2});
  input.mutable_contents()->add_uint_contents(255);
  input.mutable_contents()->add_uint_contents(256);

  const Error error = error_of(message);

  EXPECT_EQ(error.code, Code::InvalidArgument);
  EXPECT_EQ(error.message,
            "element 1 of input tensor 'IN0' for model 'net' is 256, expected 0 to 255 for "
            "datatype 'UINT8'");
}

TEST(GrpcDecode, ReadsStringsWithLengthsInRawAndWithoutInTypedContents) {
  const auto raw = request();
  add_input(*raw, "BYTES", {2});
  raw->add_raw_input_contents(std::string("\1\0\0\0a\2\0\0\0bc", 11));
  const auto typed = request();
  Input& input = add_input(*typed, "BYTES", {2});
  input.mutable_contents()->add_bytes_contents("a");
  input.mutable_contents()->add_bytes_contents("bc");

  for (const auto& message : {raw, typed}) {
    const auto decoded = decode_infer(*message, message);

    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(decoded->request.inputs[0].tensor.bytes_at(0), "a");
    EXPECT_EQ(decoded->request.inputs[0].tensor.bytes_at(1), "bc");
  }
}

TEST(GrpcDecode, AcceptsATensorWithoutElementsInEitherForm) {
  const auto raw = request();
  add_input(*raw, "FP32", {0, 4});
  raw->add_raw_input_contents();
  const auto typed = request();
  add_input(*typed, "FP32", {0, 4}).mutable_contents();

  EXPECT_EQ(error_of(raw).message, "no error");
  EXPECT_EQ(error_of(typed).message, "no error");
}

TEST(GrpcDecode, RefusesRawAndTypedContentsTogether) {
  const auto message = request();
  add_input(*message, "INT32", {1}).mutable_contents()->add_int_contents(1);
  message->add_raw_input_contents("1234");

  EXPECT_EQ(error_of(message).message,
            "contents field must not be specified when using raw_input_contents for 'IN0' for "
            "model 'net'");
}

TEST(GrpcDecode, RefusesTypedContentsOfAnotherType) {
  const auto message = request();
  add_input(*message, "FP32", {1}).mutable_contents()->add_int_contents(1);

  EXPECT_EQ(error_of(message).message,
            "unexpected explicit tensor data for input tensor 'IN0' for model 'net' of type "
            "'INT32', expected datatype "
            "'FP32'");
}

TEST(GrpcDecode, RefusesHalfPrecisionInTypedContents) {
  const auto message = request();
  add_input(*message, "FP16", {1}).mutable_contents()->add_fp32_contents(1);

  EXPECT_THAT(error_of(message).message, HasSubstr("of type 'FP32', expected datatype 'FP16'"));
}

TEST(GrpcDecode, RefusesInputsWithoutData) {
  const auto message = request();
  add_input(*message, "FP32", {1});
  add_input(*message, "FP32", {1});

  EXPECT_EQ(error_of(message).message,
            "unable to find data for input tensor 'IN0' for model 'net' in request.");
  message->add_raw_input_contents("1234");
  EXPECT_EQ(error_of(message).message,
            "unable to find data for input tensor 'IN1' for model 'net' in request.");
}

TEST(GrpcDecode, RefusesRawContentsThatAreLeftOver) {
  const auto message = request();
  add_input(*message, "FP32", {1});
  message->add_raw_input_contents("1234");
  message->add_raw_input_contents("1234");

  EXPECT_THAT(error_of(message).message,
              AllOf(HasSubstr("has 2 elements"), HasSubstr("each of the 1 inputs")));
}

TEST(GrpcDecode, RefusesTheWrongNumberOfTypedElements) {
  const auto message = request();
  add_input(*message, "FP32", {1, 3}).mutable_contents()->add_fp32_contents(1);

  EXPECT_EQ(error_of(message).message,
            "input tensor 'IN0' for model 'net' has 1 elements in fp32_contents, expected 3");
}

TEST(GrpcDecode, RefusesShapesThatAreNone) {
  const auto negative = request();
  add_input(*negative, "FP32", {-1, 16});
  const auto huge = request();
  add_input(*huge, "FP32", {std::int64_t{1} << 62, std::int64_t{1} << 62});

  EXPECT_THAT(error_of(negative).message, AllOf(HasSubstr("'IN0'"), HasSubstr("[-1,16]")));
  EXPECT_THAT(error_of(huge).message, AllOf(HasSubstr("'IN0'"), HasSubstr("4611686018427387904")));
}

TEST(GrpcDecode, RefusesUnknownAndMissingTypes) {
  const auto unknown = request();
  add_input(*unknown, "INT99", {1});
  const auto missing = request();
  add_input(*missing, "", {1});

  EXPECT_THAT(error_of(unknown).message,
              AllOf(HasSubstr("'datatype'"), HasSubstr("IN0"), HasSubstr("INT99")));
  EXPECT_THAT(error_of(missing).message, AllOf(HasSubstr("'datatype'"), HasSubstr("IN0")));
}

TEST(GrpcDecode, RefusesARequestWithoutAModelName) {
  EXPECT_THAT(error_of(std::make_shared<Message>()).message, HasSubstr("'model_name'"));
}

TEST(GrpcDecode, DoesNotKnowVersionsThatAreNoPositiveNumbers) {
  for (const std::string_view version : {"abc", "0", "-1", "1x", "99999999999999999999"}) {
    const auto number = version_of("net", version);

    ASSERT_FALSE(number) << version;
    EXPECT_EQ(number.error().code, Code::NotFound);
    EXPECT_EQ(number.error().message,
              "Request for unknown model: 'net' version " + std::string(version) + " is not found");
  }
}

TEST(GrpcDecode, PassesCustomParametersOnWithTheirKinds) {
  const auto message = request();
  auto& parameters = *message->mutable_parameters();
  parameters["flag"].set_bool_param(true);
  parameters["number"].set_int64_param(-7);
  parameters["real"].set_double_param(0.5);
  parameters["text"].set_string_param("x");

  const auto decoded = decode_infer(*message, message);

  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->request.parameters.at("flag"), runtime::ParameterValue(true));
  EXPECT_EQ(decoded->request.parameters.at("number"), runtime::ParameterValue(std::int64_t{-7}));
  EXPECT_EQ(decoded->request.parameters.at("real"), runtime::ParameterValue(0.5));
  EXPECT_EQ(decoded->request.parameters.at("text"), runtime::ParameterValue(std::string("x")));
}

TEST(GrpcDecode, TakesParametersOfItsOwnOut) {
  const auto message = request();
  auto& parameters = *message->mutable_parameters();
  parameters["timeout"].set_int64_param(1500);
  parameters["priority"].set_uint64_param(1);
  parameters["aion_deadline_ms"].set_int64_param(10);
  parameters["aion_criticality"].set_string_param("best-effort");
  parameters["sequence_id"].set_int64_param(0);
  parameters["triton_enable_empty_final_response"].set_bool_param(true);

  const auto decoded = decode_infer(*message, message);

  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_TRUE(decoded->wants_empty_final);
  EXPECT_EQ(decoded->request.deadline, std::chrono::milliseconds(10));
  EXPECT_EQ(decoded->request.criticality, Criticality::BestEffort);
  EXPECT_TRUE(decoded->request.parameters.empty());
}

struct RefusedParameter {
  std::string key;
  inference::InferParameter value;
  Code code;
  std::string text;
};

inference::InferParameter flag(bool value) {
  inference::InferParameter parameter;
  parameter.set_bool_param(value);
  return parameter;
}

inference::InferParameter number(std::int64_t value) {
  inference::InferParameter parameter;
  parameter.set_int64_param(value);
  return parameter;
}

inference::InferParameter large_number(std::uint64_t value) {
  inference::InferParameter parameter;
  parameter.set_uint64_param(value);
  return parameter;
}

TEST(GrpcDecode, RefusesParametersOfTheWrongKindWithTritonsTexts) {
  const std::vector<RefusedParameter> refused{
      {"triton_x",
       flag(true),
       Code::InvalidArgument,
       "parameter keys starting with 'triton_' are reserved for Triton usage and should not be "
       "specified."},
      {"sequence_id",
       flag(true),
       Code::InvalidArgument,
       "invalid value type for 'sequence_id' parameter, expected int64_param or string_param."},
      {"sequence_id",
       number(7),
       Code::Unimplemented,
       "parameter 'sequence_id' is unsupported: no model keeps state between requests"},
      {"sequence_start",
       number(1),
       Code::InvalidArgument,
       "invalid value type for 'sequence_start' parameter, expected bool_param."},
      {"priority",
       number(-1),
       Code::InvalidArgument,
       "invalid value for 'priority' parameter, expected at least 0, got -1"},
      {"timeout",
       number(-1),
       Code::InvalidArgument,
       "invalid value for 'timeout' parameter, expected at least 0 microseconds, got -1"},
      {"aion_deadline_ms",
       number(0),
       Code::InvalidArgument,
       "'aion_deadline_ms': expected a number of milliseconds above 0 and at most 86400000, got 0"},
      {"aion_deadline_ms",
       flag(true),
       Code::InvalidArgument,
       "invalid value type for 'aion_deadline_ms' parameter, expected int64_param or "
       "double_param."},
      {"aion_criticality",
       number(2),
       Code::InvalidArgument,
       "invalid value type for 'aion_criticality' parameter, expected string_param."},
      {"custom",
       large_number(1),
       Code::InvalidArgument,
       "invalid value type for 'custom' parameter, expected int64_param, bool_param, or "
       "string_param."},
  };
  for (const RefusedParameter& one : refused) {
    const auto message = request();
    (*message->mutable_parameters())[one.key] = one.value;

    const Error error = error_of(message);

    EXPECT_EQ(error.code, one.code) << one.key;
    EXPECT_EQ(error.message, one.text);
  }
}

TEST(GrpcDecode, ReadsHowManyClassesAreWantedInTheOutputsPlace) {
  const auto classified = request();
  auto& output = *classified->add_outputs();
  output.set_name("OUT");
  (*output.mutable_parameters())["classification"].set_int64_param(3);

  const auto decoded = decode_infer(*classified, classified);

  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->request.classes.at("OUT"), 3U);
}

TEST(GrpcDecode, RefusesWhatIsNotServedYet) {
  const auto shared = request();
  (*add_input(*shared, "FP32", {1}).mutable_parameters())["shared_memory_region"].set_string_param(
      "r");
  EXPECT_EQ(error_of(shared).code, Code::Unimplemented);
  EXPECT_THAT(error_of(shared).message, HasSubstr("Client shared memory is disabled"));
}

}  // namespace
}  // namespace aion::kserve
