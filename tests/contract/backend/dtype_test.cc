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
};

TEST_P(BackendDataTypes, ComesBackAsItWasSent) {
  const auto& [adapter, dtype] = GetParam();
  const auto instance = opened(adapter.identity(dtype));
  const tensor::Tensor sent = sample(dtype);

  const auto outputs = answer(*instance, {{sent}, {0}, {}});

  ASSERT_THAT(outputs, SizeIs(1));
  EXPECT_EQ(outputs[0].dtype, dtype);
  EXPECT_THAT(outputs[0].shape, ElementsAre(2, 3));
  EXPECT_EQ(outputs[0].data.text(), sent.data.text());
  if (dtype == DataType::Bytes) {
    EXPECT_EQ(*outputs[0].offsets, *sent.offsets);
  }
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
