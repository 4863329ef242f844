#include "serving/classification.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aion::serving {
namespace {

using tensor::DataType;
using tensor::Tensor;
using testing::ElementsAre;

template <class T>
Tensor tensor_of(DataType dtype, const std::vector<T>& values, tensor::Shape shape) {
  auto [buffer, out] = tensor::Buffer::allocate(values.size() * sizeof(T));
  if (!values.empty()) {
    std::memcpy(out, values.data(), buffer.bytes);
  }
  return {dtype, std::move(shape), std::move(buffer), nullptr};
}

std::vector<std::string> texts_of(const Tensor& tensor) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < tensor.count(); ++i) {
    texts.emplace_back(tensor.bytes_at(i));
  }
  return texts;
}

TEST(Classification, GivesTheBestOfEachRowWithValueIndexAndLabel) {
  const auto output = tensor_of<float>(DataType::Fp32, {1.5F, 4.5F, -2, 0, 0, 9}, {2, 3});
  const std::vector<std::string> labels = {"apple", "pear"};

  const auto best = best_classes(output, 2, true, labels);

  ASSERT_TRUE(best);
  EXPECT_THAT(best->shape, ElementsAre(2, 2));
  EXPECT_THAT(texts_of(*best),
              ElementsAre("4.500000:1:pear", "1.500000:0:apple", "9.000000:2", "0.000000:0:apple"));
}

TEST(Classification, HasNoRowsWhereTheModelHasNone) {
  const auto output = tensor_of<std::int32_t>(DataType::Int32, {3, 7}, {1, 2});

  const auto best = best_classes(output, 9, false, {});

  ASSERT_TRUE(best);
  EXPECT_THAT(best->shape, ElementsAre(2));
  EXPECT_THAT(texts_of(*best), ElementsAre("7:1", "3:0"));
}

TEST(Classification, PutsWhatIsNoNumberLast) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto output = tensor_of<float>(DataType::Fp32, {nan, 1, nan, 2}, {4});

  const auto best = best_classes(output, 3, false, {});

  ASSERT_TRUE(best);
  EXPECT_THAT(texts_of(*best), ElementsAre("2.000000:3", "1.000000:1", "nan:0"));
}

TEST(Classification, TakesNoRowsForAnEmptyAnswer) {
  const auto best = best_classes(tensor_of<float>(DataType::Fp32, {}, {0, 3}), 2, true, {});

  ASSERT_TRUE(best);
  EXPECT_EQ(best->count(), 0U);
}

TEST(Classification, RefusesTypesWithoutAnOrderAndTensorsThatAreTooLarge) {
  EXPECT_FALSE(can_be_ranked(DataType::Bool));
  EXPECT_FALSE(can_be_ranked(DataType::Fp16));
  EXPECT_FALSE(can_be_ranked(DataType::Bytes));
  EXPECT_FALSE(best_classes(tensor_of<std::uint8_t>(DataType::Bool, {1}, {1}), 1, false, {}));
  const auto large =
      tensor_of<std::uint8_t>(DataType::Uint8, std::vector<std::uint8_t>(1'000'001), {1'000'001});
  EXPECT_EQ(best_classes(large, 1, false, {}).error().message,
            "classification output tensor too large");
}

}  // namespace
}  // namespace aion::serving
