#include "protocol/kserve/infer_shortest.h"

#include <bit>
#include <charconv>
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

namespace aion::kserve {
namespace {

std::string shortest(float value) {
  char text[kShortestRoom];
  return {text, write_shortest(value, text)};
}

TEST(InferShortest, WritesAWholeNumberWithAPoint) {
  EXPECT_EQ(shortest(1.0F), "1.0");
  EXPECT_EQ(shortest(-120.0F), "-120.0");
  EXPECT_EQ(shortest(16777216.0F), "16777216.0");
}

TEST(InferShortest, KeepsTheSignOfZero) {
  EXPECT_EQ(shortest(0.0F), "0.0");
  EXPECT_EQ(shortest(-0.0F), "-0.0");
}

TEST(InferShortest, WritesNoMoreDigitsThanTellTheValueFromItsNeighbours) {
  EXPECT_EQ(shortest(0.1F), "0.1");
  EXPECT_EQ(shortest(0.3F), "0.3");
  EXPECT_EQ(shortest(3.1415927F), "3.1415927");
}

TEST(InferShortest, WritesVerySmallAndVeryLargeValuesWithAnExponent) {
  EXPECT_EQ(shortest(3.4028235e38F), "3.4028235e+38");
  EXPECT_EQ(shortest(1e-45F), "1e-45");
  EXPECT_EQ(shortest(1e10F), "1e+10");
  EXPECT_EQ(shortest(1.5e-6F), "1.5e-06");
}

TEST(InferShortest, WritesValuesNearOneWithoutAnExponent) {
  EXPECT_EQ(shortest(0.00015F), "0.00015");
  EXPECT_EQ(shortest(123456.78F), "123456.78");
}

TEST(InferShortest, HandlesPowersOfTwoWhoseLowerNeighbourIsCloser) {
  EXPECT_EQ(shortest(std::bit_cast<float>(0x0C000000U)), "9.8607613e-32");
  EXPECT_EQ(shortest(1.1754944e-38F), "1.1754944e-38");
}

TEST(InferShortest, ReadsBackAsTheSameFloatOverTheWholeRange) {
  constexpr std::uint32_t kInfinity = 0x7F800000U;
  for (std::uint32_t bits = 0; bits < kInfinity; bits += 20011) {
    char text[kShortestRoom];
    char* const end = write_shortest(std::bit_cast<float>(bits), text);
    float back = 0;
    const auto read = std::from_chars(text, end, back);

    ASSERT_EQ(read.ptr, end) << bits;
    ASSERT_EQ(std::bit_cast<std::uint32_t>(back), bits);
  }
}

}  // namespace
}  // namespace aion::kserve
