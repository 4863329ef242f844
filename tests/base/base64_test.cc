#include "base/base64.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aion {
namespace {

using testing::HasSubstr;

TEST(Base64, ReadsTheVectorsOfTheStandard) {
  EXPECT_EQ(*from_base64(""), "");
  EXPECT_EQ(*from_base64("Zg=="), "f");
  EXPECT_EQ(*from_base64("Zm8="), "fo");
  EXPECT_EQ(*from_base64("Zm9v"), "foo");
  EXPECT_EQ(*from_base64("Zm9vYmFy"), "foobar");
}

TEST(Base64, ReadsAllDigitsAndNeedsNoPadding) {
  EXPECT_EQ(*from_base64("+/+/"), "\xfb\xff\xbf");
  EXPECT_EQ(*from_base64("Zm9vYg"), "foob");
}

TEST(Base64, TellsWhereItIsNone) {
  EXPECT_THAT(from_base64("Zm9-").error().message, HasSubstr("position 3"));
  EXPECT_THAT(from_base64("Z m9").error().message, HasSubstr("position 1"));
  EXPECT_THAT(from_base64("Zm9vY").error().message, HasSubstr("in the middle of a byte"));
  EXPECT_THAT(from_base64("Zh==").error().message, HasSubstr("in the middle of a byte"));
  EXPECT_THAT(from_base64("=").error().message, HasSubstr("position 0"));
  EXPECT_THAT(from_base64("Zg===").error().message, HasSubstr("position 2"));
}

}  // namespace
}  // namespace aion
