#include "tensor/float16.h"

#include <bit>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace aion::tensor {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(Fp16, ReadsTheBitPatternsOfIeee754) {
  EXPECT_EQ(float_from_fp16(0x3c00), 1.0F);
  EXPECT_EQ(float_from_fp16(0xc000), -2.0F);
  EXPECT_EQ(float_from_fp16(0x7bff), 65504.0F);  // the largest
  EXPECT_EQ(float_from_fp16(0x0400), 0x1p-14F);  // the smallest normal
  EXPECT_EQ(float_from_fp16(0x0001), 0x1p-24F);  // the smallest of all
  EXPECT_EQ(float_from_fp16(0x03ff), 1023 * 0x1p-24F);
  EXPECT_EQ(float_from_fp16(0x7c00), kInfinity);
  EXPECT_EQ(float_from_fp16(0xfc00), -kInfinity);
  EXPECT_TRUE(std::isnan(float_from_fp16(0x7e00)));
}

TEST(Fp16, KeepsTheSignOfZero) {
  EXPECT_TRUE(std::signbit(float_from_fp16(0x8000)));
  EXPECT_EQ(fp16_from_float(-0.0F), 0x8000);
}

TEST(Fp16, EveryValueComesBackAsTheSameBits) {
  for (std::uint32_t bits = 0; bits <= 0xffff; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = float_from_fp16(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(float_from_fp16(fp16_from_float(value)))) << bits;
    } else {
      EXPECT_EQ(fp16_from_float(value), half) << bits;
    }
  }
}

TEST(Fp16, RoundsToTheNearestAndATieToEven) {
  EXPECT_EQ(fp16_from_float(1.0F + 0x1p-11F),
            0x3c00);  // half way between 1 and the next: 1 is even
  EXPECT_EQ(fp16_from_float(1.0F + 3 * 0x1p-11F), 0x3c02);         // half way, the upper is even
  EXPECT_EQ(fp16_from_float(1.0F + 0x1p-11F + 0x1p-20F), 0x3c01);  // just above half way
  EXPECT_EQ(fp16_from_float(0x1p-25F), 0x0000);  // half way to the smallest of all
  EXPECT_EQ(fp16_from_float(1.5F * 0x1p-24F), 0x0002);
  EXPECT_EQ(fp16_from_float(0x1p-14F - 0x1p-26F), 0x0400);  // rounds up into the normal numbers
}

TEST(Fp16, WhatIsTooLargeBecomesInfinity) {
  EXPECT_EQ(fp16_from_float(65519.0F), 0x7bff);
  EXPECT_EQ(fp16_from_float(65520.0F), 0x7c00);
  EXPECT_EQ(fp16_from_float(-1e10F), 0xfc00);
  EXPECT_EQ(fp16_from_float(kInfinity), 0x7c00);
}

TEST(Bf16, IsTheUpperHalfOfAFloat) {
  EXPECT_EQ(float_from_bf16(0x3f80), 1.0F);
  EXPECT_EQ(bf16_from_float(1.0F), 0x3f80);
  EXPECT_EQ(bf16_from_float(-kInfinity), 0xff80);
}

TEST(Bf16, RoundsToTheNearestAndATieToEven) {
  EXPECT_EQ(bf16_from_float(std::bit_cast<float>(0x3f808000U)), 0x3f80);
  EXPECT_EQ(bf16_from_float(std::bit_cast<float>(0x3f818000U)), 0x3f82);
  EXPECT_EQ(bf16_from_float(std::bit_cast<float>(0x3f808001U)), 0x3f81);
}

TEST(Bf16, ANanStaysANanWhereItsLowerBitsAreCutOff) {
  EXPECT_TRUE(std::isnan(float_from_bf16(bf16_from_float(std::bit_cast<float>(0x7f800001U)))));
}

}  // namespace
}  // namespace aion::tensor
