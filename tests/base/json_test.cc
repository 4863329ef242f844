#include "base/json.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aion {
namespace {

using testing::HasSubstr;

std::string nested(int levels) {
  return std::string(static_cast<std::size_t>(levels), '[') +
         std::string(static_cast<std::size_t>(levels), ']');
}

TEST(ParseJson, KeepsTheOrderOfTheKeys) {
  const auto json = parse_json(R"({"z":1,"a":[true,null,"x"]})");

  ASSERT_TRUE(json) << json.error().message;
  EXPECT_EQ(to_text(*json), R"({"z":1,"a":[true,null,"x"]})");
}

TEST(ParseJson, SaysWhereTheTextIsWrong) {
  const auto json = parse_json(R"({"a":})");

  ASSERT_FALSE(json);
  EXPECT_EQ(json.error().code, Code::InvalidArgument);
  EXPECT_THAT(json.error().message, HasSubstr("malformed JSON"));
  EXPECT_THAT(json.error().message, HasSubstr("column 6"));
}

TEST(ParseJson, RefusesABareNan) {
  EXPECT_FALSE(parse_json(R"({"a":NaN})"));
}

TEST(ParseJson, RefusesASecondDocument) {
  EXPECT_FALSE(parse_json("{} {}"));
}

TEST(ParseJson, TakesAHundredLevels) {
  EXPECT_TRUE(parse_json(nested(100)));
}

TEST(ParseJson, RefusesMoreLevels) {
  EXPECT_EQ(parse_json(nested(102)).error().message, "JSON is nested more than 100 levels deep");
}

TEST(ParseJson, RefusesAMillionLevelsWithoutUsingTheStack) {
  EXPECT_FALSE(parse_json(nested(1'000'000)));
}

TEST(JsonText, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(to_text(Json("a\xff")), "\"a\xef\xbf\xbd\"");
}

TEST(JsonText, WritesNullForANumberThatIsNotFinite) {
  EXPECT_EQ(to_text(Json(NAN)), "null");
}

}  // namespace
}  // namespace aion
