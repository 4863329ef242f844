#include "cli/command.h"

#include <array>
#include <cstdio>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace aion::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ProgramTest : public testing::Test {
 protected:
  ProgramTest() {
    const auto note = [this](const Arguments& arguments) {
      last_ = arguments;
      return Exit::Done;
    };
    program_.add({"model ls", "", 0, 0, "list", {{"json", "", "print JSON"}}, note});
    program_.add({"model load",
                  "MODEL",
                  1,
                  1,
                  "load",
                  {{"json", "", "print JSON"}, {"url", "URL", "address"}, {"x", "X", "", true}},
                  note});
    program_.add({"secret", "", 0, 0, "nobody is told", {}, note, true});
  }

  /// What the program says on stderr.
  std::string run(const std::vector<std::string>& words, Exit expected) {
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    const Exit got = program_.run(words);
    printed_ = testing::internal::GetCapturedStdout();
    std::string said = testing::internal::GetCapturedStderr();
    EXPECT_EQ(got, expected) << said;
    return said;
  }

  Program program_;
  Arguments last_;
  std::string printed_;
};

TEST_F(ProgramTest, GivesACommandItsWordsAndFlagsInAnyOrder) {
  run({"model", "load", "--url=http://a=b", "cat", "--x", "1", "--x", "2", "--json"}, Exit::Done);

  EXPECT_THAT(last_.words, ElementsAre("cat"));
  EXPECT_EQ(last_.value("url"), "http://a=b");
  EXPECT_THAT(last_.values("x"), ElementsAre("1", "2"));
  EXPECT_TRUE(last_.has("json"));
}

TEST_F(ProgramTest, TurnsASwitchOffAndOnByItsValue) {
  run({"model", "ls", "--json=false"}, Exit::Done);
  EXPECT_FALSE(last_.has("json"));
  EXPECT_EQ(last_.value("json"), "false");

  run({"model", "ls", "--json=no", "--json=yes"}, Exit::Done);
  EXPECT_TRUE(last_.has("json"));

  run({"model", "ls"}, Exit::Done);
  EXPECT_FALSE(last_.has("json"));
}

TEST_F(ProgramTest, RefusesAValueThatNoSwitchHas) {
  EXPECT_THAT(run({"model", "ls", "--json=maybe"}, Exit::WrongUse),
              testing::AllOf(HasSubstr("--json"), HasSubstr("maybe")));
}

TEST_F(ProgramTest, TellsTheNearestFlagAndCommand) {
  EXPECT_THAT(run({"model", "ls", "--jsno"}, Exit::WrongUse), HasSubstr("'--json'"));
  EXPECT_THAT(run({"model", "laod", "cat"}, Exit::WrongUse), HasSubstr("'model load'"));
}

TEST_F(ProgramTest, WantsAsManyWordsAsTheCommandTakes) {
  EXPECT_THAT(run({"model", "load"}, Exit::WrongUse), HasSubstr("MODEL"));
  EXPECT_THAT(run({"model", "load", "cat", "dog"}, Exit::WrongUse), HasSubstr("'dog'"));
  EXPECT_THAT(run({"model", "load", "cat", "--url"}, Exit::WrongUse), HasSubstr("URL"));
}

TEST_F(ProgramTest, HelpsOnStdoutWithoutRunningTheCommand) {
  EXPECT_EQ(run({"model", "load", "--help"}, Exit::Done), "");

  EXPECT_THAT(printed_, HasSubstr("usage: aion model load MODEL [flags]"));
  EXPECT_THAT(printed_, HasSubstr("--url URL"));
  EXPECT_TRUE(last_.words.empty());
}

TEST_F(ProgramTest, TellsNobodyOfAHiddenCommand) {
  run({"help"}, Exit::Done);

  EXPECT_THAT(printed_, HasSubstr("model load MODEL"));
  EXPECT_THAT(printed_, testing::Not(HasSubstr("secret")));
}

/// What bash offers behind these words, by the real completion script.
class CompletionTest : public ProgramTest {
 protected:
  std::string offered(const std::string& words, int current) {
    const auto script = program_.completion("bash");
    EXPECT_TRUE(script);
    const auto file = folder_.write("script",
                                    *script + "COMP_WORDS=(" + words +
                                        ")\nCOMP_CWORD=" + std::to_string(current) +
                                        "\n_aion\necho \"${COMPREPLY[*]}\"\n");
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> bash(
        ::popen(("bash " + file.string()).c_str(), "r"), ::pclose);
    std::array<char, 4096> text{};
    const std::size_t size = std::fread(text.data(), 1, text.size(), bash.get());
    return {text.data(), size};
  }

  TemporaryFolder folder_;
};

TEST_F(CompletionTest, OffersTheWordsOfACommandOneByOne) {
  EXPECT_EQ(offered("aion mo", 1), "model\n");  // once, though it begins several commands
  EXPECT_EQ(offered("aion model l", 2), "load ls\n");
}

TEST_F(CompletionTest, OffersTheFlagsOfTheCommandThatIsTyped) {
  EXPECT_EQ(offered("aion model load --", 3), "--json --url --x --help\n");
  EXPECT_EQ(offered("aion model ls --j", 3), "--json\n");
  EXPECT_EQ(offered("aion model load digits --u", 4), "--url\n");  // behind its argument, too
}

TEST_F(CompletionTest, OffersNoHiddenCommand) {
  EXPECT_EQ(offered("aion secr", 1), "\n");
}

TEST_F(CompletionTest, IsThereForTwoShells) {
  EXPECT_TRUE(program_.completion("zsh"));
  EXPECT_THAT(program_.completion("fish").error().message, HasSubstr("'fish'"));
}

}  // namespace
}  // namespace aion::cli
