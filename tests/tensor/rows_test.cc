#include "tensor/rows.h"

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aion::tensor {
namespace {

using testing::ElementsAre;

Tensor numbers(const std::vector<float>& values, Shape shape) {
  auto [buffer, out] = Buffer::allocate(values.size() * sizeof(float));
  if (!values.empty()) {
    std::memcpy(out, values.data(), buffer.bytes);
  }
  return {DataType::Fp32, std::move(shape), std::move(buffer), nullptr};
}

std::vector<float> values_of(const Tensor& tensor) {
  std::vector<float> values(tensor.count());
  std::memcpy(values.data(), tensor.data.data, tensor.data.bytes);
  return values;
}

std::vector<std::string> strings_of(const Tensor& tensor) {
  std::vector<std::string> values;
  for (std::size_t i = 0; i < tensor.count(); ++i) {
    values.emplace_back(tensor.bytes_at(i));
  }
  return values;
}

Tensor strings(std::vector<std::string_view> values, Shape shape) {
  return bytes_from_values(values, std::move(shape));
}

TEST(Rows, AreJoinedInTheirOrderAndCutApartAgainWithoutACopy) {
  const Tensor a = numbers({1, 2}, {1, 2});
  const Tensor b = numbers({3, 4, 5, 6}, {2, 2});

  const Tensor joined = join_rows(std::array{&a, &b});

  EXPECT_THAT(joined.shape, ElementsAre(3, 2));
  EXPECT_THAT(values_of(joined), ElementsAre(1, 2, 3, 4, 5, 6));
  const Tensor last = rows_of(joined, 1, 2);
  EXPECT_THAT(last.shape, ElementsAre(2, 2));
  EXPECT_THAT(values_of(last), ElementsAre(3, 4, 5, 6));
  EXPECT_EQ(last.data.data, joined.data.data + 2 * sizeof(float));
  EXPECT_EQ(last.data.owner, joined.data.owner);
}

TEST(Rows, OfStringsKeepTheirBytes) {
  const Tensor a = strings({"one", ""}, {1, 2});
  const Tensor b = strings({"three", "4"}, {1, 2});

  const Tensor joined = join_rows(std::array{&a, &b});

  EXPECT_THAT(strings_of(joined), ElementsAre("one", "", "three", "4"));
  const Tensor second = rows_of(joined, 1, 1);
  EXPECT_THAT(strings_of(second), ElementsAre("three", "4"));
  EXPECT_EQ(second.offsets->front(), 0U);
  EXPECT_EQ(second.data.bytes, 6U);
  EXPECT_THAT(strings_of(join_rows(std::array{&second, &a})), ElementsAre("three", "4", "one", ""));
}

TEST(Rows, WithoutElementsAreRowsToo) {
  const Tensor none = numbers({}, {0, 2});
  const Tensor one = numbers({7, 8}, {1, 2});

  EXPECT_THAT(values_of(join_rows(std::array{&none, &one})), ElementsAre(7, 8));
  EXPECT_EQ(row_count(rows_of(one, 1, 0)), 0);
}

TEST(Rows, AreAlikeWhenAllButTheirNumberAgrees) {
  EXPECT_TRUE(has_same_rows(numbers({1, 2}, {1, 2}), numbers({1, 2, 3, 4}, {2, 2})));
  EXPECT_FALSE(has_same_rows(numbers({1, 2}, {1, 2}), numbers({1}, {1, 1})));
  EXPECT_FALSE(has_same_rows(numbers({1}, {1}), strings({"1"}, {1})));
  EXPECT_FALSE(has_same_rows(numbers({1}, {}), numbers({1}, {})));
  EXPECT_EQ(row_count(numbers({1}, {})), 0);
}

}  // namespace
}  // namespace aion::tensor
