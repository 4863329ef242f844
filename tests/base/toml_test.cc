#include "base/toml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aion {
namespace {

TEST(Toml, BecomesAJsonDocument) {
  const auto json = parse_toml(
      "name = 'a'\nwords = ['x', 'y']\nwhole = 5\nless = -5\npart = 0.5\non = true\n"
      "day = 2026-01-02\n[inner]\nkey = 'value'\n");

  ASSERT_TRUE(json) << json.error().message;
  EXPECT_EQ(*json, Json::parse(R"({"day":"2026-01-02","inner":{"key":"value"},"less":-5,"name":"a",
                            "on":true,"part":0.5,"whole":5,"words":["x","y"]})"));
}

TEST(Toml, SaysWhereItIsWrong) {
  const auto json = parse_toml("name = 'a'\nname = ");

  ASSERT_FALSE(json);
  EXPECT_EQ(json.error().code, Code::InvalidArgument);
  EXPECT_THAT(json.error().message, testing::HasSubstr("line 2"));
}

}  // namespace
}  // namespace aion
