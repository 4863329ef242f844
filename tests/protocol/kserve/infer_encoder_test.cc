#include "protocol/kserve/infer_encoder.h"

#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/kserve/infer_elements.h"

namespace aion::kserve {
namespace {

using tensor::DataType;
using tensor::Tensor;
using testing::HasSubstr;

template <class T, std::size_t kCount>
Tensor tensor_of(DataType dtype, const std::array<T, kCount>& values) {
  auto [buffer, memory] = tensor::Buffer::allocate(sizeof values);
  std::memcpy(memory, values.data(), sizeof values);
  return {dtype, {static_cast<std::int64_t>(kCount)}, std::move(buffer), nullptr};
}

template <class T, std::size_t kCount>
std::string text_of(DataType dtype, const std::array<T, kCount>& values) {
  std::string out;
  append_elements(tensor_of(dtype, values), out);
  return out;
}

serving::InferResponse response_of(Tensor tensor) {
  serving::InferResponse response;
  response.version = 3;
  response.outputs.push_back({"OUT", std::move(tensor)});
  return response;
}

TEST(InferElements, WritesWholeFloatsWithAPoint) {
  EXPECT_EQ(text_of(DataType::Fp32, std::array{1.0F, -0.0F, 16777216.0F, -7.0F}),
            "1.0,-0.0,16777216.0,-7.0");
}

TEST(InferElements, WritesFloatsInTheShortestFormThatReadsBack) {
  EXPECT_EQ(text_of(DataType::Fp32, std::array{0.1F, 3.4028235e38F, 1.4e-45F}),
            "0.1,3.4028235e+38,1e-45");
}

TEST(InferElements, WritesDoublesInTheShortestFormThatReadsBack) {
  EXPECT_EQ(text_of(DataType::Fp64, std::array{0.1, 5e-324, 100000.0}), "0.1,5e-324,1e+05");
}

TEST(InferElements, WritesNonFiniteNumbersAsStrings) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();

  EXPECT_EQ(text_of(DataType::Fp32, std::array{kInfinity, -kInfinity, std::nanf("")}),
            R"("Infinity","-Infinity","NaN")");
}

TEST(InferElements, WritesHalfPrecisionSoThatItReadsBackExactly) {
  EXPECT_EQ(text_of(DataType::Fp16, std::array<std::uint16_t, 2>{0x2E66, 0x3C00}),
            "0.0999755859375,1.0");
}

TEST(InferElements, WritesTheEndsOfTheIntegerRanges) {
  EXPECT_EQ(text_of(DataType::Int64, std::array{INT64_MIN, INT64_MAX}),
            "-9223372036854775808,9223372036854775807");
  EXPECT_EQ(text_of(DataType::Uint64, std::array{UINT64_MAX}), "18446744073709551615");
  EXPECT_EQ(text_of(DataType::Int8, std::array<std::int8_t, 2>{-128, 127}), "-128,127");
}

TEST(InferElements, WritesAnyByteOfABoolButZeroAsTrue) {
  EXPECT_EQ(text_of(DataType::Bool, std::array<std::uint8_t, 3>{0, 1, 255}), "false,true,true");
}

TEST(InferElements, WritesMoreElementsThanOneBlockHolds) {
  std::array<std::int32_t, 1000> values{};
  values.fill(-2147483648);

  const std::string text = text_of(DataType::Int32, values);

  EXPECT_EQ(text.size(), 1000 * 12 - 1);
  EXPECT_TRUE(text.ends_with("48,-2147483648"));
}

TEST(InferElements, EscapesWhatJsonCannotHoldInAString) {
  std::string out;

  append_json_string("a\"b\\c\n\t\x01\u4e16", out);

  EXPECT_EQ(out, "\"a\\\"b\\\\c\\n\\t\\u0001\u4e16\"");
}

TEST(InferEncoder, WritesKeysInTritonsOrder) {
  const auto answer =
      encode_infer({"m", "42"}, response_of(tensor_of(DataType::Int32, std::array{1, 2})), {});

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->text,
            R"({"id":"42","model_name":"m","model_version":"3",)"
            R"("outputs":[{"name":"OUT","datatype":"INT32","shape":[2],"data":[1,2]}]})");
  EXPECT_EQ(answer->content_type, "application/json");
  EXPECT_TRUE(answer->parts.empty());
}

TEST(InferEncoder, LeavesOutAnIdThatWasNotSent) {
  const auto answer =
      encode_infer({"m", ""}, response_of(tensor_of(DataType::Int32, std::array{1})), {});

  EXPECT_TRUE(answer->text.starts_with(R"({"model_name":)"));
}

TEST(InferEncoder, WritesTheParametersOfTheBackend) {
  serving::InferResponse response = response_of(tensor_of(DataType::Int32, std::array{1}));
  response.parameters = {{"b", true}, {"d", 2.0}, {"i", std::int64_t{-1}}, {"s", std::string("x")}};

  const auto answer = encode_infer({"m", ""}, response, {});

  EXPECT_THAT(
      answer->text,
      HasSubstr(R"("model_version":"3","parameters":{"b":true,"d":2.0,"i":-1,"s":"x"},"outputs")"));
}

TEST(InferEncoder, SendsBinaryOutputsAsTheyLieInMemory) {
  const serving::InferResponse response =
      response_of(tensor_of(DataType::Fp32, std::array{1.0F, 2.0F}));

  const auto answer = encode_infer({"m", ""}, response, {true, {}});

  ASSERT_EQ(answer->parts.size(), 1U);
  EXPECT_EQ(answer->parts[0].data, response.outputs[0].tensor.data.data);
  EXPECT_THAT(answer->text, HasSubstr(R"("shape":[2],"parameters":{"binary_data_size":8}}]})"));
  EXPECT_EQ(answer->content_type, "application/octet-stream");
  EXPECT_EQ(answer->headers.at(0).second, std::to_string(answer->text.size()));
}

TEST(InferEncoder, SendsBinaryBytesWithTheLengthOfEachElement) {
  const std::array<std::string_view, 2> values = {"ab", ""};
  const serving::InferResponse response = response_of(tensor::bytes_from_values(values, {2}));

  const auto answer = encode_infer({"m", ""}, response, {true, {}});

  EXPECT_EQ(answer->parts.at(0).text(), std::string_view("\x02\0\0\0ab\0\0\0\0", 10));
}

TEST(InferEncoder, AnswersJsonWhenAllBinaryOutputsAreEmpty) {
  const Tensor empty{DataType::Fp32, {0}, {}, nullptr};

  const auto answer = encode_infer({"m", ""}, response_of(empty), {true, {}});

  EXPECT_THAT(answer->text, HasSubstr(R"("parameters":{"binary_data_size":0})"));
  EXPECT_EQ(answer->content_type, "application/json");
  EXPECT_TRUE(answer->headers.empty());
}

TEST(InferEncoder, RefusesToWriteBytesThatAreNoTextAsAJsonString) {
  const std::array<std::string_view, 2> halves = {"\xc3",
                                                  "\xa4"};  // together they would be a letter

  const auto answer =
      encode_infer({"m", ""}, response_of(tensor::bytes_from_values(halves, {2})), {});

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::InvalidArgument);
  EXPECT_THAT(answer.error().message, HasSubstr("output 'OUT' holds BYTES that are not UTF-8"));
}

}  // namespace
}  // namespace aion::kserve
