// Environments from a folder of wheels: nothing is fetched.
#include "jobs/environment/environments.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/spawn.h"
#include "runtime/process/command.h"
#include "tests/temporary_folder.h"

namespace aion::jobs {
namespace {

using testing::HasSubstr;

TEST(Requirements, HaveOneForm) {
  const auto text = normalised(
      "# of a project\n\nnumpy == 1.26.0   # fixed\r\n  torch>=2 \\\n   --hash=sha256:0\n");

  ASSERT_TRUE(text);
  EXPECT_EQ(*text, "numpy == 1.26.0\ntorch>=2 --hash=sha256:0\n");
}

TEST(Requirements, NameNothingThatIsNotInTheText) {
  for (const char* const line : {"-r other.txt",
                                 "-e .",
                                 "./package",
                                 "/tmp/x.whl",
                                 "x @ file:///tmp/x.whl",
                                 "--index-url http://x"}) {
    const auto text = normalised(line);

    ASSERT_FALSE(text) << line;
    EXPECT_EQ(text.error().code, Code::InvalidArgument);
    EXPECT_THAT(text.error().message, HasSubstr("'requirements'"));
  }
}

TEST(Command, TellsItsStatusAndWhatItSaid) {
  runtime::CommandOrder order;
  order.arguments = {"/bin/sh", "-c", "echo one; echo two >&2; exit 3"};

  const auto result = runtime::run_command(order);

  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 3);
  EXPECT_EQ(result->output, "one\ntwo\n");
}

TEST(Command, IsKilledWithItsChildrenWhenItTakesTooLong) {
  runtime::CommandOrder order;
  order.arguments = {"/bin/sh", "-c", "sleep 1000 & sleep 1000"};
  order.limit = std::chrono::milliseconds(100);

  const auto result = runtime::run_command(order);

  ASSERT_TRUE(result);
  EXPECT_TRUE(result->is_over_time);
}

class EnvironmentsTest : public testing::Test {
 protected:
  EnvironmentsTest() {
    // A wheel is a zip file with a package and three lines about it (PEP 427).
    runtime::CommandOrder order;
    order.arguments = {"python3",
                       "-c",
                       R"py(
import sys, zipfile
with zipfile.ZipFile(sys.argv[1] + "/tiny-1.0-py3-none-any.whl", "w") as wheel:
    wheel.writestr("tiny.py", "VALUE = 42\n")
    wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
    wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr("tiny-1.0.dist-info/RECORD", "tiny.py,,\ntiny-1.0.dist-info/METADATA,,\ntiny-1.0.dist-info/WHEEL,,\ntiny-1.0.dist-info/RECORD,,\n")
)py",
                       folder_.path().string()};
    order.environment = {{"PATH", "/usr/bin:/bin"}};
    const auto made = runtime::run_command(order);
    EXPECT_TRUE(made && made->status == 0) << (made ? made->output : made.error().message);
  }
  ~EnvironmentsTest() override { executors_.join(); }

  Environments::Options options() const {
    Environments::Options options;
    options.root = folder_.path() / "environments";
    options.uv = "";
    options.environment = {{"PATH", "/usr/bin:/bin"},
                           {"HOME", folder_.path().string()},
                           {"PIP_NO_INDEX", "1"},
                           {"PIP_FIND_LINKS", folder_.path().string()}};
    return options;
  }

  Result<Environment> prepare(const std::string& text) {
    Requirements wanted;
    wanted.text = text;
    return wait_for(executors_.io(), environments_.prepare(std::move(wanted)));
  }

  const TemporaryFolder folder_;
  Executors executors_{{1, 1, 4}};
  Log log_{LogLevel::Off};
  Environments environments_{executors_, log_, options()};
};

TEST_F(EnvironmentsTest, InstallsWhatIsWantedAndSaysExactlyWhat) {
  const auto made = prepare("tiny==1.0\n");

  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->key.size(), 64U);
  EXPECT_THAT(made->contents, HasSubstr("tiny"));
  EXPECT_THAT(made->python, HasSubstr("Python 3."));
  EXPECT_GT(made->size, Bytes::mebi(1));
  runtime::CommandOrder order;
  order.arguments = {made->folder / "bin" / "python", "-c", "import tiny; print(tiny.VALUE)"};
  const auto ran = runtime::run_command(order);
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->output, "42\n");

  // The same content is the same environment, however it is written.
  const auto again = prepare("# the same\n tiny==1.0\n\n");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->key, made->key);
  const auto all = wait_for(executors_.io(), environments_.list());
  ASSERT_TRUE(all);
  EXPECT_EQ(all->size(), 1U);

  const auto kept =
      wait_for(executors_.io(), environments_.collect(std::chrono::seconds(0), {made->key}));
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->count, 0U);
  const auto freed = wait_for(executors_.io(), environments_.collect(std::chrono::seconds(0), {}));
  ASSERT_TRUE(freed);
  EXPECT_EQ(*freed, made->size);
  EXPECT_FALSE(std::filesystem::exists(made->folder));
}

TEST_F(EnvironmentsTest, LeavesNothingOfOneThatCannotBeMade) {
  const auto made = prepare("no-such-package-at-all==9\n");

  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::InvalidArgument);
  EXPECT_THAT(made.error().message, HasSubstr("no-such-package-at-all"));
  std::size_t left = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / "environments")) {
    left += entry.path().filename() == "uv-cache" ? 0 : 1;
  }
  EXPECT_EQ(left, 0U);
}

TEST_F(EnvironmentsTest, SaysThatThereIsNoSuchPython) {
  Requirements wanted;
  wanted.python = "python9.9";

  const auto made = wait_for(executors_.io(), environments_.prepare(std::move(wanted)));

  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::InvalidArgument);
  EXPECT_THAT(made.error().message, HasSubstr("python9.9"));
}

}  // namespace
}  // namespace aion::jobs
