#include "base/json_dom.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aion {
namespace {

using testing::HasSubstr;

std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

TEST(JsonParser, ReadsNumbersOfEveryKind) {
  JsonParser parser;

  const auto root =
      parser.parse(bytes(R"({"data":[18446744073709551615,-9223372036854775808,1.5]})"));

  ASSERT_TRUE(root) << root.error().message;
  const JsonArray data = JsonElement(root->at_key("data")).get_array();
  EXPECT_EQ(data.at(0).get_uint64().value(), 18446744073709551615U);
  EXPECT_EQ(data.at(1).get_int64().value(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(data.at(2).get_double().value(), 1.5);
}

TEST(JsonParser, SaysWhyTheTextIsWrong) {
  JsonParser parser;

  const auto root = parser.parse(bytes(R"({"data":[1,])"));

  ASSERT_FALSE(root);
  EXPECT_EQ(root.error().code, Code::InvalidArgument);
  EXPECT_THAT(root.error().message, HasSubstr("malformed JSON: "));
}

TEST(JsonParser, RefusesABareNan) {
  JsonParser parser;

  EXPECT_FALSE(parser.parse(bytes(R"([NaN])")));
}

TEST(JsonParser, RefusesNothingAtAll) {
  JsonParser parser;

  EXPECT_FALSE(parser.parse({}));
}

TEST(JsonParser, RefusesTextThatIsNotUtf8) {
  JsonParser parser;

  EXPECT_FALSE(parser.parse(bytes("[\"\xff\"]")));
}

TEST(JsonParser, RefusesAMillionLevels) {
  JsonParser parser;

  EXPECT_FALSE(parser.parse(bytes(std::string(1'000'000, '['))));
}

TEST(JsonParser, ReadsWithoutACopyWhereTheMemoryBehindTheTextMayBeRead) {
  JsonParser parser;
  std::string text = R"([1,2])";
  const std::size_t length = text.size();
  text.append(simdjson::SIMDJSON_PADDING, ']');

  const auto root = parser.parse(bytes(text).first(length), simdjson::SIMDJSON_PADDING);

  ASSERT_TRUE(root) << root.error().message;
  EXPECT_EQ(root->get_array().size(), 2U);
}

TEST(JsonParser, ReadsAnIntegerBeyond64BitsAsADouble) {
  JsonParser parser;
  const auto root = parser.parse(bytes(
      R"({"\"1":[18446744073709551616,-9223372036854775809,18446744073709551615,"99999999999999999999"]})"));

  ASSERT_TRUE(root) << root.error().message;
  const JsonArray list = root->at_key("\"1").get_array().value();
  EXPECT_EQ(list.at(0).get_double().value(), 18446744073709551616.0);
  EXPECT_EQ(list.at(1).get_double().value(), -9223372036854775809.0);
  EXPECT_EQ(list.at(2).get_uint64().value(), 18446744073709551615U);
  EXPECT_EQ(list.at(3).get_string().value(), "99999999999999999999");
}

TEST(JsonParser, ReadsNoIntegerBeyondADouble) {
  JsonParser parser;

  EXPECT_FALSE(parser.parse(bytes("[" + std::string(400, '9') + "]")));
  EXPECT_FALSE(parser.parse(bytes("[018446744073709551616]")));
  EXPECT_FALSE(parser.parse(bytes("[99999999999999999999")));
}

TEST(JsonParser, ReadsTheNextDocumentAfterABrokenOne) {
  JsonParser parser;
  static_cast<void>(parser.parse(bytes("[")));

  EXPECT_TRUE(parser.parse(bytes("[1]")));
}

TEST(JsonParser, ReadsOnAfterItHasShrunk) {
  JsonParser parser;
  ASSERT_TRUE(parser.parse(bytes("[" + std::string(100'000, ' ') + "1]")));

  parser.shrink(4096);

  EXPECT_TRUE(parser.parse(bytes("[2]")));
}

}  // namespace
}  // namespace aion
