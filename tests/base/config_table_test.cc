#include "base/config_table.h"

#include <array>

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace aion {
namespace {

class ConfigTableTest : public testing::Test {
 protected:
  ConfigTableTest() {
    table_.bind("http.port", port_, "port");
    table_.bind("roots", roots_, "folders");
    table_.bind("insecure", is_insecure_, "switch");
    table_.bind("limit_ms", limit_, "limit");
  }

  Result<void> apply_toml(const std::string& text) {
    return table_.apply_file(folder_.write("aion.toml", text));
  }

  std::uint16_t port_ = 8000;
  std::vector<std::string> roots_;
  bool is_insecure_ = false;
  std::chrono::milliseconds limit_{100};
  ConfigTable table_;
  TemporaryFolder folder_;
};

TEST_F(ConfigTableTest, ShowsADefaultAsOne) {
  EXPECT_EQ(table_.settings()[0].value, "8000");
  EXPECT_EQ(table_.settings()[0].origin, "default");
}

TEST_F(ConfigTableTest, PutsTheEnvironmentOverTheFileAndAFlagOverBoth) {
  const std::array<const char*, 2> environment = {"AION_HTTP_PORT=7002", nullptr};

  ASSERT_TRUE(apply_toml("[http]\nport = 7001\n"));
  EXPECT_EQ(port_, 7001);
  ASSERT_TRUE(table_.apply_environment(environment.data(), {}));
  EXPECT_EQ(port_, 7002);
  ASSERT_TRUE(table_.apply_flag("http-port", "7003"));

  EXPECT_EQ(port_, 7003);
  EXPECT_EQ(table_.settings()[0].origin, "flag --http-port");
}

TEST_F(ConfigTableTest, NamesTheNearestKeyForAnUnknownOne) {
  const auto applied = apply_toml("[http]\nprot = 7001\n");

  ASSERT_FALSE(applied);
  EXPECT_NE(applied.error().message.find("unknown key 'http.prot'; did you mean 'http.port'?"),
            std::string::npos)
      << applied.error().message;
}

TEST_F(ConfigTableTest, NamesTheNearestFlagForAnUnknownOne) {
  const auto applied = table_.apply_flag("htpp-port", "1");

  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().message, "unknown flag '--htpp-port'; did you mean '--http-port'?");
}

TEST_F(ConfigTableTest, TellsWhatWasExpectedAndWhatCame) {
  const auto applied = table_.apply_flag("http-port", "70000");

  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().message,
            "http.port (flag --http-port): expected a whole number from 0 to 65535, got '70000'");
}

TEST_F(ConfigTableTest, CollectsARepeatedFlag) {
  ASSERT_TRUE(table_.apply_flag("roots", "a"));
  ASSERT_TRUE(table_.apply_flag("roots", "b,c"));

  EXPECT_EQ(roots_, (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(ConfigTableTest, ReplacesAListFromAnEarlierOrigin) {
  ASSERT_TRUE(apply_toml("roots = [\"x\", \"y\"]\n"));
  ASSERT_TRUE(table_.apply_flag("roots", "a"));

  EXPECT_EQ(roots_, (std::vector<std::string>{"a"}));
}

TEST_F(ConfigTableTest, TellsTheLineOfASyntaxError) {
  const auto applied = apply_toml("limit_ms = 5\nroots = [\n");

  ASSERT_FALSE(applied);
  EXPECT_NE(applied.error().message.find(".toml:"), std::string::npos) << applied.error().message;
}

TEST(UnknownWord, NamesTheNearestAndAllThereAre) {
  const Error error = unknown_word("order", "sfj", {"fcfs", "sjf"});

  EXPECT_EQ(error.code, Code::InvalidArgument);
  EXPECT_EQ(error.message, "there is no order 'sfj'; did you mean 'sjf'?; there are fcfs, sjf");
}

TEST(UnknownWord, GuessesNothingWhereNothingIsNear) {
  EXPECT_EQ(unknown_word("order", "quantum", {"fcfs", "sjf"}).message,
            "there is no order 'quantum'; there are fcfs, sjf");
}

}  // namespace
}  // namespace aion
