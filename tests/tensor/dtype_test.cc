#include "tensor/dtype.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aion::tensor {
namespace {

using testing::HasSubstr;

TEST(DataType, NamesAreThoseOfTheProtocol) {
  EXPECT_EQ(to_string(DataType::Bool), "BOOL");
  EXPECT_EQ(to_string(DataType::Uint8), "UINT8");
  EXPECT_EQ(to_string(DataType::Int64), "INT64");
  EXPECT_EQ(to_string(DataType::Fp16), "FP16");
  EXPECT_EQ(to_string(DataType::Bf16), "BF16");
  EXPECT_EQ(to_string(DataType::Fp32), "FP32");
  EXPECT_EQ(to_string(DataType::Bytes), "BYTES");
}

TEST(DataType, EachNameIsReadBackAsTheSameType) {
  for (const DataType dtype : {DataType::Bool,
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
                               DataType::Bytes}) {
    const auto parsed = parse_dtype(to_string(dtype));

    ASSERT_TRUE(parsed) << to_string(dtype);
    EXPECT_EQ(*parsed, dtype);
  }
}

TEST(DataType, AnUnknownNameIsAnsweredWithTheKnownOnes) {
  const auto parsed = parse_dtype("FLOAT");

  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, Code::InvalidArgument);
  EXPECT_THAT(parsed.error().message,
              HasSubstr("unknown datatype 'FLOAT'; expected one of BOOL, UINT8"));
}

TEST(DataType, InvalidIsNoNameThatAClientMaySend) {
  EXPECT_FALSE(parse_dtype("INVALID"));
}

TEST(DataType, ElementsHaveTheSizeOfTheirBits) {
  EXPECT_EQ(element_size(DataType::Bool), 1U);
  EXPECT_EQ(element_size(DataType::Int16), 2U);
  EXPECT_EQ(element_size(DataType::Bf16), 2U);
  EXPECT_EQ(element_size(DataType::Uint32), 4U);
  EXPECT_EQ(element_size(DataType::Fp64), 8U);
  EXPECT_EQ(element_size(DataType::Bytes), 0U);
}

}  // namespace
}  // namespace aion::tensor
