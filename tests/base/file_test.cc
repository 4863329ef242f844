#include "base/file.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace aion {
namespace {

using testing::HasSubstr;

TEST(File, IsReadWhole) {
  const TemporaryFolder folder;
  std::string text(100'000, 'x');
  text[1] = '\0';
  text[2] = '\n';

  const auto read = read_file(folder.write("file", text), 200'000);

  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, text);
}

TEST(File, ThatIsAFolderIsAnErrorThatNamesIt) {
  const TemporaryFolder folder;

  const auto read = read_file(folder.path(), 100);

  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::InvalidArgument);
  EXPECT_THAT(read.error().message, HasSubstr(folder.path().string()));
  EXPECT_THAT(read.error().message, HasSubstr("folder"));
}

TEST(File, ThatIsNotThereIsNotFound) {
  const auto read = read_file("/nowhere/at/all", 100);

  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::NotFound);
  EXPECT_THAT(read.error().message, HasSubstr("/nowhere/at/all"));
}

TEST(File, IsNotReadBeyondTheLimit) {
  const TemporaryFolder folder;

  EXPECT_TRUE(read_file(folder.write("file", "12345"), 5));
  const auto read = read_file(folder.write("file", "123456"), 5);

  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::ResourceExhausted);
}

TEST(File, ThatTellsNoSizeIsNotReadBeyondTheLimitEither) {
  const auto read = read_file("/proc/self/status", 5);

  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::ResourceExhausted);
}

TEST(File, IsReplacedAsAWhole) {
  const TemporaryFolder folder;
  const auto file = folder.write("file", "old and longer");

  ASSERT_TRUE(replace_file(file, "new"));

  EXPECT_EQ(folder.read("file"), "new");
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "file.new"));
}

TEST(File, IsNotReplacedThroughALinkThatSomebodyHasLaid) {
  const TemporaryFolder folder;
  const auto file = folder.write("file", "old");
  folder.write("other", "theirs");
  std::filesystem::create_symlink(folder.path() / "other", folder.path() / "file.new");

  EXPECT_FALSE(replace_file(file, "new"));

  EXPECT_EQ(folder.read("other"), "theirs");
  EXPECT_EQ(folder.read("file"), "old");
}

TEST(File, InAFolderThatIsNotThereIsAnErrorWithTheSystemsReason) {
  const auto replaced = replace_file("/nowhere/at/all", "text");

  ASSERT_FALSE(replaced);
  EXPECT_THAT(replaced.error().message, HasSubstr("No such file"));
}

}  // namespace
}  // namespace aion
