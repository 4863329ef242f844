#include "base/log.h"

#include <array>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/json.h"

namespace aion {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;

/// A log whose lines can be read again.
class LogTest : public testing::Test {
 protected:
  LogTest() { EXPECT_EQ(::pipe2(ends_.data(), O_CLOEXEC), 0); }
  ~LogTest() override {
    ::close(ends_[0]);
    if (ends_[1] >= 0) {
      ::close(ends_[1]);
    }
  }

  [[nodiscard]] Log log(LogLevel level, LogFormat format = LogFormat::Plain) const {
    return Log(level, format, ends_[1]);
  }

  /// All that has been written; nothing can be written after.
  std::string written() {
    ::close(std::exchange(ends_[1], -1));
    std::string text;
    std::array<char, 4096> part{};
    for (ssize_t got = 0; (got = ::read(ends_[0], part.data(), part.size())) > 0;) {
      text.append(part.data(), static_cast<std::size_t>(got));
    }
    return text;
  }

  std::array<int, 2> ends_{};
};

TEST_F(LogTest, WritesOneLineWithTimeLevelAndFields) {
  log(LogLevel::Info).info("model loaded", {{"model", "cat"}, {"version", 3}, {"is_big", true}});

  EXPECT_THAT(
      written(),
      MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3}Z info model "
                   "loaded model=cat version=3 is_big=true\n"));
}

TEST_F(LogTest, LeavesOutWhatIsBelowItsLevel) {
  const Log log = this->log(LogLevel::Warn);

  log.debug("a");
  log.info("b");
  log.warn("c");
  log.error("d");

  const std::string text = written();
  EXPECT_THAT(text, testing::Not(HasSubstr("info")));
  EXPECT_THAT(text, HasSubstr(" warn c\n"));
  EXPECT_THAT(text, EndsWith(" error d\n"));
}

TEST_F(LogTest, SaysNothingWhenItIsOff) {
  log(LogLevel::Off).error("a");

  EXPECT_EQ(written(), "");
}

TEST_F(LogTest, LetsNoValueForgeALineOrAField) {
  log(LogLevel::Info).warn("refused", {{"reason", "a\nb error=1"}, {"name", ""}, {"path", "a=b"}});

  EXPECT_THAT(written(),
              EndsWith(R"( warn refused reason="a\nb error=1" name="" path="a=b")"
                       "\n"));
}

TEST_F(LogTest, WritesJsonThatReadsBack) {
  log(LogLevel::Info, LogFormat::JsonLines)
      .info("say \"hi\"", {{"text", "a\n\"b\""}, {"count", 7}, {"is_on", false}});

  const auto json = parse_json(written());

  ASSERT_TRUE(json) << json.error().message;
  EXPECT_EQ((*json)["level"], "info");
  EXPECT_EQ((*json)["event"], "say \"hi\"");
  EXPECT_EQ((*json)["text"], "a\n\"b\"");
  EXPECT_EQ((*json)["count"], 7);
  EXPECT_EQ((*json)["is_on"], false);
}

TEST_F(LogTest, KeepsTheLinesOfSeveralThreadsApart) {
  const Log log = this->log(LogLevel::Info);
  const auto write = [&log](const char* name) {
    for (int i = 0; i < 100; ++i) {
      log.info("counted", {{"by", name}});
    }
  };
  {
    const std::jthread one(write, "one");
    const std::jthread other(write, "other");
  }

  std::istringstream lines(written());
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_THAT(line, MatchesRegex("[^ ]* info counted by=(one|other)"));
  }
  EXPECT_EQ(count, 200);
}

}  // namespace
}  // namespace aion
