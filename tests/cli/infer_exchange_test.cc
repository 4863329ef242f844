#include "cli/infer_exchange.h"

#include <cstdint>
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aion::cli {
namespace {

using tensor::DataType;
using testing::HasSubstr;

net::ClientResponse json_answer(const std::string& outputs) {
  return {200, {}, R"({"model_name":"m","outputs":[)" + outputs + "]}"};
}

/// An answer of the binary tensor data extension.
net::ClientResponse binary_answer(const std::string& outputs, const std::string& binary) {
  const std::string head = R"({"outputs":[)" + outputs + "]}";
  return {200, {{"inference-header-content-length", std::to_string(head.size())}}, head + binary};
}

std::string one(const std::string& type, const std::string& shape, const std::string& data) {
  return R"({"name":"y","datatype":")" + type + R"(","shape":)" + shape + R"(,"data":)" + data +
         "}";
}

std::string one_binary(const std::string& type, const std::string& shape, std::size_t size) {
  return R"({"name":"y","datatype":")" + type + R"(","shape":)" + shape +
         R"(,"parameters":{"binary_data_size":)" + std::to_string(size) + "}}";
}

/// The answer is refused as the daemon's fault, in these words.
void expect_bad(const net::ClientResponse& answer, const std::string& words) {
  const auto outputs = read_response(answer);
  ASSERT_FALSE(outputs) << answer.body;
  EXPECT_EQ(outputs.error().code, Code::Unavailable) << answer.body;
  EXPECT_THAT(outputs.error().message, HasSubstr("the daemon's answer is not understood"));
  EXPECT_THAT(outputs.error().message, HasSubstr(words));
}

TEST(ReadResponse, TakesBinaryOutputsInTheirOrder) {
  const auto outputs = read_response(binary_answer(
      one_binary("INT8", "[3]", 3) + "," + one_binary("UINT16", "[1,1]", 2), "abcde"));

  ASSERT_TRUE(outputs) << outputs.error().message;
  ASSERT_EQ(outputs->size(), 2U);
  EXPECT_EQ((*outputs)[0].data, "abc");
  EXPECT_EQ((*outputs)[1].data, "de");
  EXPECT_EQ((*outputs)[1].shape, (tensor::Shape{1, 1}));
}

TEST(ReadResponse, ShowsWholeNumbersOf64BitsToTheLastDigit) {
  const auto outputs = read_response(json_answer(
      one("INT64", "[3]", "[9007199254740993, 9223372036854775807, -9223372036854775808]") + "," +
      one("UINT64", "[2]", "[9007199254740993, 18446744073709551615]")));

  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_EQ(json_values((*outputs)[0]).dump(),
            "[9007199254740993,9223372036854775807,-9223372036854775808]");
  EXPECT_EQ(json_values((*outputs)[1]).dump(), "[9007199254740993,18446744073709551615]");
}

TEST(ReadResponse, TakesTheNamesOfNumbersThatJsonHasNone) {
  for (const char* type : {"FP16", "BF16", "FP32", "FP64"}) {
    const auto outputs =
        read_response(json_answer(one(type, "[4]", R"(["NaN", "Infinity", "-Infinity", 0.5])")));

    ASSERT_TRUE(outputs) << outputs.error().message;
    EXPECT_EQ(json_values((*outputs)[0]).dump(), R"(["NaN","Infinity","-Infinity",0.5])") << type;
  }
}

TEST(ReadResponse, TakesThoseNamesForNoWholeNumber) {
  expect_bad(json_answer(one("INT32", "[1]", R"(["NaN"])")), "expected numbers, got string");
}

TEST(ReadResponse, HoldsTheShapeAgainstTheBytes) {
  expect_bad(binary_answer(one_binary("FP32", "[2]", 4), "abcd"), "[2]");
  expect_bad(binary_answer(one_binary("FP32", "[1]", 8), "abcdefgh"), "8 bytes");
  expect_bad(binary_answer(one_binary("FP32", "[1]", 5), "abcde"), "5 bytes");
  expect_bad(binary_answer(one_binary("FP32", "[-1]", 4), "abcd"), "negative");
  expect_bad(binary_answer(one_binary("INT8", "[4294967296,4294967296]", 1), "a"), "2^63");
  expect_bad(json_answer(one("FP32", "[1000000]", "[1.0]")), "[1000000]");
}

TEST(ReadResponse, CountsStringsAgainstTheShape) {
  const std::string two("\x01\0\0\0a\x02\0\0\0bc", 11);

  const auto outputs = read_response(binary_answer(one_binary("BYTES", "[2]", 11), two));

  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_EQ(json_values((*outputs)[0]).dump(), R"(["a","bc"])");
  expect_bad(binary_answer(one_binary("BYTES", "[3]", 11), two), "[3]");
  expect_bad(binary_answer(one_binary("BYTES", "[2]", 10), two.substr(0, 10)), "10 bytes");
}

TEST(ReadResponse, BlamesTheDaemonForWhatItCannotRead) {
  expect_bad({200, {}, "<html>"}, "JSON");
  expect_bad({200, {}, "{}"}, "outputs");
  expect_bad({200, {}, R"({"outputs":7})"}, "");
  expect_bad({200, {}, R"({"outputs":[7]})"}, "");
  expect_bad(json_answer(R"({"name":"y","datatype":"FP32","shape":[1]})"), "data");
  expect_bad(json_answer(R"({"name":7,"datatype":"FP32","shape":[1],"data":[1]})"), "");
  expect_bad(json_answer(one("COMPLEX64", "[1]", "[1]")), "COMPLEX64");
  expect_bad(binary_answer(one_binary("INT8", "[4]", 4), "abc"), "cut off");
  expect_bad(binary_answer(one_binary("INT8", "[2]", 2), "abc"), "behind");
  expect_bad({200, {{"inference-header-content-length", "99"}}, "{}"}, "99");
}

TEST(TensorFromJson, TakesItsShapeFromTheNesting) {
  const auto made =
      tensor_from_json(Json::parse("[[1, 2, 3], [4, 5, 6]]"), {"x", DataType::Uint8, {-1, -1}, {}});

  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->shape, (tensor::Shape{2, 3}));
  EXPECT_EQ(made->data, "\x01\x02\x03\x04\x05\x06");
}

TEST(TensorFromJson, RefusesRaggedListsAndElementsOfAnotherKind) {
  const HostTensor declared{"x", DataType::Fp32, {}, {}};

  EXPECT_THAT(tensor_from_json(Json::parse("[[1, 2], [3]]"), declared).error().message,
              HasSubstr("ragged"));
  EXPECT_THAT(tensor_from_json(Json::parse("[1, [2]]"), declared).error().message,
              HasSubstr("expected numbers, got array"));
  EXPECT_THAT(tensor_from_json(Json::parse(R"(["one"])"), declared).error().message,
              HasSubstr("expected numbers, got string"));
}

TEST(TensorFromJson, SaturatesWhatATypeCannotHold) {
  const auto made =
      tensor_from_json(Json::parse("[18446744073709551615, -1]"), {"x", DataType::Int64, {}, {}});

  ASSERT_TRUE(made);
  EXPECT_EQ(json_values(*made).dump(), "[9223372036854775807,-1]");
}

}  // namespace
}  // namespace aion::cli
