#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/contract/backend/fixture.h"

namespace aion::runtime {
namespace {

using tensor::DataType;
using testing::ElementsAre;
using testing::SizeIs;

class BackendDataTypes : public BackendSuite,
                         public testing::WithParamInterface<std::tuple<Adapter, DataType>> {
 protected:
  // Two by three elements, each byte another one; truth values are 0 and 1.
  static tensor::Tensor sample(DataType dtype) {
    if (dtype == DataType::Bytes) {
      const std::vector<std::string_view> values = {
          "", "a", std::string_view("b\0c", 3), "\xff\xfe", "five", "six"};
      return tensor::bytes_from_values(values, {2, 3});
    }
    auto [buffer, data] = tensor::Buffer::allocate(6 * tensor::element_size(dtype));
    for (std::size_t i = 0; i < buffer.bytes; ++i) {
      data[i] = static_cast<std::byte>(dtype == DataType::Bool ? i % 2 : 7 * i + 3);
    }
    return {dtype, {2, 3}, std::move(buffer), nullptr};
  }

  // The same, whole numbers that fit 31 bits.
  static tensor::Tensor small_sample(DataType dtype) {
    tensor::Tensor small =
        make_tensor(dtype, std::vector<std::int64_t>{0, 1, 2, 65'536, 16'909'060, 2'147'483'647});
    small.shape = {2, 3};
    return small;
  }
};

TEST_P(BackendDataTypes, ComesBackAsItWasSent) {
  const auto& [adapter, dtype] = GetParam();
  if (adapter.carries(dtype) == Carries::Nothing) {
    expect_refusal(adapter.identity(dtype));
    return;
  }
  const auto instance = opened(adapter.identity(dtype));
  const tensor::Tensor sent =
      adapter.carries(dtype) == Carries::All ? sample(dtype) : small_sample(dtype);

  const auto outputs = answer(*instance, {{sent}, {0}, {}});

  ASSERT_THAT(outputs, SizeIs(1));
  EXPECT_EQ(outputs[0].dtype, dtype);
  EXPECT_THAT(outputs[0].shape, ElementsAre(2, 3));
  EXPECT_EQ(outputs[0].data.text(), sent.data.text());
  if (dtype == DataType::Bytes) {
    EXPECT_EQ(*outputs[0].offsets, *sent.offsets);
  }
}

TEST_P(BackendDataTypes, IsRefusedWhereAValueWouldBeCutOff) {
  const auto& [adapter, dtype] = GetParam();
  if (adapter.carries(dtype) != Carries::ThirtyTwoBits) {
    return;  // nothing is cut off
  }
  const auto instance = opened(adapter.identity(dtype));
  CollectingSink sink;

  const auto done = run(*instance, {{sample(dtype)}, {0}, {}}, sink);

  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::InvalidArgument);
  EXPECT_THAT(done.error().message, testing::HasSubstr("input 'INPUT0': element 0 is "));
  EXPECT_TRUE(sink.responses().empty());
}

INSTANTIATE_TEST_SUITE_P(Adapters,
                         BackendDataTypes,
                         testing::Combine(testing::ValuesIn(adapters()),
                                          testing::Values(DataType::Bool,
                                                          DataType::Uint8,
                                                          DataType::Uint16,
                                                          DataType::Uint32,
                                                          DataType::Uint64,
                                                          DataType::Int8,
                                                          DataType::Int16,
                                                          DataType::Int32,
                                                          DataType::Int64,
                                                          DataType::Fp16,
                                                          DataType::Bf16,
                                                          DataType::Fp32,
                                                          DataType::Fp64,
                                                          DataType::Bytes)),
                         [](const auto& made) {
                           return std::get<0>(made.param).name +
                                  std::string(to_string(std::get<1>(made.param)));
                         });

}  // namespace
}  // namespace aion::runtime
