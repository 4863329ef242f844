// Answers on gRPC are raw, in order, and repeat what they answer; statuses carry code and text.
#include "protocol/kserve/grpc_encode.h"

#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/kserve/grpc_status.h"

namespace aion::kserve {
namespace {

using ::testing::ElementsAre;

tensor::Tensor floats(std::vector<float> values) {
  auto [buffer, data] = tensor::Buffer::allocate(values.size() * sizeof(float));
  std::memcpy(data, values.data(), buffer.bytes);
  return {tensor::DataType::Fp32, {static_cast<std::int64_t>(values.size())}, buffer, nullptr};
}

TEST(GrpcEncode, WritesOutputsRawInTheirOrder) {
  serving::InferResponse response;
  response.version = 3;
  response.outputs.push_back({"B", floats({1.0F, 2.0F})});
  const std::vector<std::string_view> strings{"x", "yz"};
  response.outputs.push_back({"A", tensor::bytes_from_values(strings, {2})});
  inference::ModelInferRequest request;
  request.set_model_name("net");
  request.set_id("42");
  inference::ModelInferResponse out;

  ASSERT_TRUE(encode_infer(response, request, out));

  EXPECT_EQ(out.model_name(), "net");
  EXPECT_EQ(out.model_version(), "3");
  EXPECT_EQ(out.id(), "42");
  ASSERT_EQ(out.outputs_size(), 2);
  EXPECT_EQ(out.outputs(0).name(), "B");
  EXPECT_EQ(out.outputs(0).datatype(), "FP32");
  EXPECT_THAT(out.outputs(0).shape(), ElementsAre(2));
  EXPECT_FALSE(out.outputs(0).has_contents());
  ASSERT_EQ(out.raw_output_contents_size(), 2);
  EXPECT_EQ(out.raw_output_contents(0), std::string("\0\0\x80\x3f\0\0\0\x40", 8));
  EXPECT_EQ(out.raw_output_contents(1), std::string("\1\0\0\0x\2\0\0\0yz", 11));
}

TEST(GrpcEncode, WritesParametersOfTheBackend) {
  serving::InferResponse response;
  response.parameters.emplace("steps", std::int64_t{4});
  response.parameters.emplace("note", std::string("x"));
  inference::ModelInferResponse out;

  ASSERT_TRUE(encode_infer(response, {}, out));

  EXPECT_EQ(out.parameters().at("steps").int64_param(), 4);
  EXPECT_EQ(out.parameters().at("note").string_param(), "x");
}

TEST(GrpcEncode, RefusesAnAnswerThatNoMessageHolds) {
  constexpr std::size_t kBytes = std::size_t{1} << 31U;
  serving::InferResponse response;
  tensor::Tensor huge;  // is refused by its size before anybody reads it
  huge.dtype = tensor::DataType::Uint8;
  huge.shape = {static_cast<std::int64_t>(kBytes)};
  huge.data.bytes = kBytes;
  response.outputs.push_back({"OUT", huge});
  inference::ModelInferResponse out;

  const auto encoded = encode_infer(response, {}, out);

  ASSERT_FALSE(encoded);
  EXPECT_EQ(encoded.error().message,
            "Response has byte size 2147483651 which exceeds gRPC's byte size limit 2147483647.");
}

TEST(GrpcStatus, CutsALongMessageBetweenCharacters) {
  std::string head(2047, 'x');
  Error error{Code::NotFound, head};
  error.message.append("\xC3\xA4 and more");

  const net::GrpcStatus status = status_of(error);

  EXPECT_EQ(status.code, net::GrpcCode::NotFound);
  EXPECT_EQ(status.message, head.append("..."));
}

}  // namespace
}  // namespace aion::kserve
