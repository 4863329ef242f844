#include "protocol/kserve/infer_decoder.h"

#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aion::kserve {
namespace {

using tensor::DataType;
using testing::ElementsAre;
using testing::HasSubstr;

/// A body with room behind it, as a connection gives one.
SharedBytes body_of(const std::string& text) {
  SharedBytes bytes = SharedBytes::from(text + std::string(64, '\0'));
  bytes.size = text.size();
  return bytes;
}

Result<DecodedInfer> decode(const std::string& text,
                            std::optional<std::string_view> header_length = {}) {
  const catalog::Signature signature{{{"IN", DataType::Fp32, {-1, 2}, false}}, {}};
  JsonParser parser;
  return decode_infer({body_of(text), 64, header_length}, {"m", 0, signature}, parser);
}

std::string input(const std::string& dtype, const std::string& shape, const std::string& data) {
  return R"({"inputs":[{"name":"IN","datatype":")" + dtype + R"(","shape":)" + shape +
         R"(,"data":)" + data + "}]}";
}

std::string error_of(const std::string& text, std::optional<std::string_view> header_length = {}) {
  const auto decoded = decode(text, header_length);
  return decoded ? "no error" : decoded.error().message;
}

template <class T>
std::vector<T> elements(const tensor::Tensor& tensor) {
  std::vector<T> values(tensor.data.bytes / sizeof(T));
  if (!values.empty()) {  // memcpy may not be given the null of an empty vector
    std::memcpy(values.data(), tensor.data.data, tensor.data.bytes);
  }
  return values;
}

template <class T>
std::vector<T> decoded_elements(const std::string& dtype,
                                const std::string& shape,
                                const std::string& data) {
  auto decoded = decode(input(dtype, shape, data));
  EXPECT_TRUE(decoded) << decoded.error().message;
  return decoded ? elements<T>(decoded->request.inputs.at(0).tensor) : std::vector<T>{};
}

TEST(InferDecoder, ReadsFlatFloats) {
  EXPECT_THAT(decoded_elements<float>("FP32", "[3]", "[1, -2.5, 1e-3]"),
              ElementsAre(1.0F, -2.5F, 1e-3F));
}

TEST(InferDecoder, ReadsNestedDataInRowMajorOrder) {
  EXPECT_THAT(decoded_elements<std::int32_t>("INT32", "[2,2]", "[[1,2],[3,4]]"),
              ElementsAre(1, 2, 3, 4));
}

TEST(InferDecoder, ReadsTheEndsOfTheRangeOfInt64) {
  EXPECT_THAT(
      decoded_elements<std::int64_t>("INT64", "[2]", "[-9223372036854775808,9223372036854775807]"),
      ElementsAre(INT64_MIN, INT64_MAX));
}

TEST(InferDecoder, ReadsTheLargestUint64) {
  EXPECT_THAT(decoded_elements<std::uint64_t>("UINT64", "[1]", "[18446744073709551615]"),
              ElementsAre(UINT64_MAX));
}

TEST(InferDecoder, ReadsBooleansAsBytes) {
  EXPECT_THAT(decoded_elements<std::uint8_t>("BOOL", "[2]", "[true,false]"), ElementsAre(1, 0));
}

TEST(InferDecoder, RoundsJsonNumbersToHalfPrecision) {
  EXPECT_THAT(decoded_elements<std::uint16_t>("FP16", "[2]", "[1, 0.1]"),
              ElementsAre(0x3C00, 0x2E66));
}

TEST(InferDecoder, ReadsStringsAsBytesElements) {
  const auto decoded = decode(input("BYTES", "[2]", R"(["","a\u00e4"])"));

  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->request.inputs[0].tensor.bytes_at(0), "");
  EXPECT_EQ(decoded->request.inputs[0].tensor.bytes_at(1), "a\u00e4");
}

TEST(InferDecoder, ReadsATensorWithoutElements) {
  EXPECT_TRUE(decoded_elements<float>("FP32", "[0,3]", "[]").empty());
}

TEST(InferDecoder, TakesDataNestedAHundredLevelsDeep) {
  const std::string data = std::string(100, '[') + "7" + std::string(100, ']');

  EXPECT_THAT(decoded_elements<std::int32_t>("INT32", "[1]", data), ElementsAre(7));
}

TEST(InferDecoder, RefusesDataNestedDeeperThanAHundredLevels) {
  const std::string data = std::string(101, '[') + "7" + std::string(101, ']');

  EXPECT_THAT(error_of(input("INT32", "[1]", data)),
              HasSubstr("inputs[0].data must be nested at most 100 levels deep"));
}

TEST(InferDecoder, TellsElementRangeAndValueOfANumberThatDoesNotFit) {
  EXPECT_EQ(error_of(input("INT8", "[3]", "[1,2,300]")),
            "Unable to parse 'data': input 'IN': inputs[0].data element 2 must be an integer from "
            "-128 to 127 (INT8); "
            "got 300");
}

TEST(InferDecoder, RefusesAFractionForAnInteger) {
  EXPECT_THAT(error_of(input("INT32", "[1]", "[1.0]")), HasSubstr("must be an integer"));
}

TEST(InferDecoder, RefusesANumberBeyondTheRangeOfFp32) {
  EXPECT_THAT(error_of(input("FP32", "[1]", "[1e39]")),
              HasSubstr("a number within the range of FP32; got 1e+39"));
}

TEST(InferDecoder, RefusesANumberBeyondTheRangeOfFp16) {
  EXPECT_THAT(error_of(input("FP16", "[1]", "[65520]")),
              HasSubstr("a number within the range of FP16; got 65520"));
}

TEST(InferDecoder, RefusesANumberForABool) {
  EXPECT_THAT(error_of(input("BOOL", "[1]", "[1]")),
              HasSubstr("must be true or false (BOOL); got 1"));
}

TEST(InferDecoder, RefusesABareNan) {
  EXPECT_THAT(error_of(input("FP32", "[1]", "[NaN]")),
              HasSubstr("failed to parse the request JSON buffer"));
}

TEST(InferDecoder, NamesTheNumberThatFitsNoType) {
  EXPECT_THAT(
      error_of(input("FP64", "[1]", "[1e400]")),
      HasSubstr("the number '1e400' at byte 62, behind 'data', is beyond what a double holds"));
}

TEST(InferDecoder, TakesAnIntegerBeyond64BitsForADouble) {
  EXPECT_THAT(error_of(input("INT64", "[1]", "[18446744073709551616]")),
              HasSubstr("an integer from -9223372036854775808 to 9223372036854775807 (INT64); got "
                        "18446744073709551616"));
  EXPECT_THAT(error_of(input("FP16", "[1]", "[100000000000000000000]")),
              HasSubstr("a number within the range of FP16; got 1e+20"));
}

TEST(InferDecoder, SaysHowManyElementsTheShapeWants) {
  EXPECT_EQ(error_of(input("FP32", "[2,2]", "[1,2,3]")),
            "Unable to parse 'data': Shape does not match true shape of 'data' field: input 'IN': "
            "inputs[0].data must "
            "hold the 4 elements of shape [2,2]; got 3");
}

TEST(InferDecoder, CountsTheElementsOfAShapeThatIsFarTooLarge) {
  EXPECT_THAT(error_of(input("FP64", "[1000000000000]", "[1,2,3]")),
              HasSubstr("must hold the 1000000000000 elements of shape [1000000000000]; got 3"));
}

TEST(InferDecoder, RefusesAnExtentThatIsNegative) {
  EXPECT_EQ(error_of(input("FP32", "[-3]", "[1]")),
            "Unable to parse 'shape': inputs[0].shape[0] of input 'IN' must be a non-negative "
            "integer of at most 63 "
            "bits; got -3");
}

TEST(InferDecoder, RefusesAShapeWhoseProductOverflows) {
  EXPECT_THAT(error_of(input("FP32", "[4294967296,4294967296]", "[1]")),
              HasSubstr("more than 2^63-1 elements"));
}

TEST(InferDecoder, RefusesTheSameInputTwice) {
  EXPECT_THAT(error_of(R"({"inputs":[{"name":"A","datatype":"FP32","shape":[1],"data":[1]},)"
                       R"({"name":"A","datatype":"FP32","shape":[1],"data":[1]}]})"),
              HasSubstr("inputs[1].name must be given once; got 'A' again"));
}

TEST(InferDecoder, WantsOneSourceOfData) {
  EXPECT_EQ(error_of(R"({"inputs":[{"name":"A","datatype":"FP32","shape":[1]}]})"),
            "Input must set only one of the following fields: 'data', 'binary_data_size' in "
            "'parameters', "
            "'shared_memory_region' in 'parameters'. But no field is set");
}

TEST(InferDecoder, TellsWhichSourcesOfDataAreSet) {
  EXPECT_THAT(error_of(R"({"inputs":[{"name":"A","datatype":"FP32","shape":[1],"data":[1],)"
                       R"("parameters":{"binary_data_size":4}}]})"),
              HasSubstr("But set 'data' 'binary_data_size'"));
}

TEST(InferDecoder, RefusesSharedMemoryAsUnsupported) {
  const auto decoded = decode(R"({"inputs":[{"name":"A","datatype":"FP32","shape":[1],)"
                              R"("parameters":{"shared_memory_region":"r"}}]})");

  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, Code::Unimplemented);
  EXPECT_THAT(decoded.error().message, HasSubstr("Client shared memory is disabled"));
}

const std::string kTwoBinary =
    R"({"inputs":[{"name":"A","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":4}},)"
    R"({"name":"B","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":6}}]})";

TEST(InferDecoder, TakesBinaryTensorsOutOfTheBodyWithoutACopy) {
  const std::string wire = kTwoBinary + std::string("\0\0\x80\x3f\x02\0\0\0hi", 10);
  const catalog::Signature signature;
  const SharedBytes body = body_of(wire);
  const std::string length = std::to_string(kTwoBinary.size());
  JsonParser parser;

  const auto decoded = decode_infer({body, 64, length}, {"m", 0, signature}, parser);

  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->request.inputs[0].tensor.data.data, body.data + kTwoBinary.size());
  EXPECT_EQ(decoded->request.inputs[0].tensor.data.owner, body.owner);
  EXPECT_THAT(elements<float>(decoded->request.inputs[0].tensor), ElementsAre(1.0F));
  EXPECT_EQ(decoded->request.inputs[1].tensor.bytes_at(0), "hi");
}

TEST(InferDecoder, SaysHowManyBinaryBytesAreMissing) {
  EXPECT_EQ(error_of(kTwoBinary + std::string(3, '\0'), std::to_string(kTwoBinary.size())),
            "unexpected size for input 'A', expecting 1 additional bytes for model 'm'");
}

TEST(InferDecoder, RefusesBinaryBytesThatAreLeftOver) {
  EXPECT_EQ(error_of(kTwoBinary + std::string("\0\0\0\0\x02\0\0\0hi!", 11),
                     std::to_string(kTwoBinary.size())),
            "unexpected additional input data for model 'm'");
}

TEST(InferDecoder, NamesTheInputWhoseBytesElementsAreCutOff) {
  EXPECT_THAT(error_of(kTwoBinary + std::string("\0\0\0\0\x09\0\0\0hi", 10),
                       std::to_string(kTwoBinary.size())),
              HasSubstr("input 'B': BYTES data"));
}

TEST(InferDecoder, RefusesAHeaderLengthBeyondTheBody) {
  EXPECT_EQ(error_of("{}", "3"), "inference header size should be in range (0, 2), got: 3");
}

TEST(InferDecoder, RefusesAHeaderLengthThatIsNoNumber) {
  EXPECT_EQ(error_of("{}", "2x"), "Unable to parse Inference-Header-Content-Length, got: 2x");
}

TEST(InferDecoder, ReadsARawBodyAsTheOneInputAndItsOpenExtentFromTheSize) {
  const auto decoded = decode(std::string(24, '\0'), "0");

  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->request.inputs[0].name, "IN");
  EXPECT_EQ(decoded->request.inputs[0].tensor.shape, (tensor::Shape{3, 2}));
  EXPECT_TRUE(decoded->format.is_binary);
}

TEST(InferDecoder, RefusesARawBodyThatIsNoWholeNumberOfRows) {
  EXPECT_THAT(error_of(std::string(25, '\0'), "0"),
              HasSubstr("input 'IN' needs a multiple of 8 bytes; got 25"));
}

std::string with(const std::string& keys) {
  return "{" + keys + R"(,"inputs":[{"name":"A","datatype":"FP32","shape":[1],"data":[1]}]})";
}

TEST(InferDecoder, PassesCustomParametersOn) {
  const auto decoded = decode(with(R"("parameters":{"s":"a","i":-1,"d":0.5,"b":true})"));

  ASSERT_TRUE(decoded) << decoded.error().message;
  const runtime::Parameters expected = {
      {"s", std::string("a")}, {"i", std::int64_t{-1}}, {"d", 0.5}, {"b", true}};
  EXPECT_EQ(decoded->request.parameters, expected);
}

TEST(InferDecoder, AcceptsATimeoutThatNoQueuePolicyAsksFor) {
  EXPECT_TRUE(decode(with(R"("parameters":{"timeout":1500})")));
}

TEST(InferDecoder, TakesDeadlineAndCriticalityOutOfTheParameters) {
  const auto decoded =
      decode(with(R"("parameters":{"aion_deadline_ms":2.5,"aion_criticality":"safety"})"));

  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->request.deadline, std::chrono::microseconds(2500));
  EXPECT_EQ(decoded->request.criticality, Criticality::Safety);
  EXPECT_TRUE(decoded->request.parameters.empty());
}

TEST(InferDecoder, NamesADeadlineOrACriticalityThatIsNone) {
  const std::string expected = "expected a number of milliseconds above 0 and at most 86400000";
  EXPECT_EQ(error_of(with(R"("parameters":{"aion_deadline_ms":-3})")),
            "'parameters.aion_deadline_ms': " + expected + ", got -3");
  EXPECT_EQ(error_of(with(R"("parameters":{"aion_deadline_ms":"10"})")),
            "'parameters.aion_deadline_ms': " + expected + ", got '10'");
  EXPECT_EQ(error_of(with(R"("parameters":{"aion_criticality":"high"})")),
            "'parameters.aion_criticality': expected safety, normal or best-effort, got 'high'");
}

TEST(InferDecoder, RefusesReservedParameters) {
  EXPECT_EQ(error_of(with(R"("parameters":{"triton_x":1})")),
            "parameter keys starting with 'triton_' are reserved for Triton usage and should not "
            "be specified.");
}

TEST(InferDecoder, RefusesASequenceAsUnsupported) {
  EXPECT_EQ(decode(with(R"("parameters":{"sequence_id":7})")).error().code, Code::Unimplemented);
}

TEST(InferDecoder, TakesTheIdOfNoSequence) {
  EXPECT_TRUE(decode(
      with(R"("parameters":{"sequence_id":0,"sequence_start":false,"sequence_end":false})")));
}

TEST(InferDecoder, LetsAnOutputStandOutAgainstTheFormatOfTheRequest) {
  const auto decoded =
      decode(with(R"("outputs":[{"name":"X","parameters":{"binary_data":false}},{"name":"Y"}],)"
                  R"("parameters":{"binary_data_output":true})"));

  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_THAT(decoded->request.outputs, ElementsAre("X", "Y"));
  EXPECT_FALSE(decoded->format.wants_binary("X"));
  EXPECT_TRUE(decoded->format.wants_binary("Y"));
}

TEST(InferDecoder, ReadsHowManyClassesAreWantedInTheOutputsPlace) {
  const auto decoded =
      decode(with(R"("outputs":[{"name":"X","parameters":{"classification":2}},{"name":"Y"}])"));

  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->request.classes, (std::map<std::string, std::uint64_t>{{"X", 2}}));
}

TEST(InferDecoder, RefusesAnIdThatIsNoString) {
  EXPECT_EQ(error_of(with(R"("id":42)")), "Unable to parse 'id': id must be a string; got 42");
}

TEST(InferDecoder, IgnoresKeysThatItDoesNotKnow) {
  EXPECT_TRUE(decode(with(R"("model_name":"other","comment":{"a":[1]})")));
}

TEST(InferDecoder, RefusesATensorBeyondTheMaximumInputSize) {
  const catalog::Signature signature;
  const InferTarget target{"m", 0, signature, 120};
  const std::string text = input("FP64", "[16]", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]");
  JsonParser parser;

  const auto decoded = decode_infer({body_of(text), 64, {}}, target, parser);

  ASSERT_FALSE(decoded);
  EXPECT_THAT(decoded.error().message,
              HasSubstr("takes 128 bytes, which exceeds the maximum allowed input size of 120"));
}

TEST(InferDecoder, ReadsABodyThatHasNoRoomBehindIt) {
  const catalog::Signature signature;
  const std::string text = input("INT32", "[1]", "[5]");
  const auto exact = std::make_shared<std::vector<std::byte>>(text.size());
  std::memcpy(exact->data(), text.data(), text.size());
  JsonParser parser;

  const auto decoded =
      decode_infer({{exact->data(), exact->size(), exact}, 0, {}}, {"m", 0, signature}, parser);

  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_THAT(elements<std::int32_t>(decoded->request.inputs[0].tensor), ElementsAre(5));
}

}  // namespace
}  // namespace aion::kserve
