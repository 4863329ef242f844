#include "daemon/data_folder.h"

#include <chrono>
#include <future>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/temporary_folder.h"

namespace aion::daemon {
namespace {

using testing::HasSubstr;

mode_t mode_of(const std::filesystem::path& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status.st_mode & 07777U;
}

/// Files of this process may not grow beyond so many bytes: what a full disk looks like.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    before_ = ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &limit_);
    const rlimit low{bytes, limit_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &low);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &limit_);
    ::signal(SIGXFSZ, before_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit limit_{};
  sighandler_t before_;
};

/// What a command holds while it looks whether a daemon runs.
class LookingCommand {
 public:
  explicit LookingCommand(const std::filesystem::path& folder)
      : lock_(::open((folder / "daemon.lock").c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0600)) {
    EXPECT_EQ(::flock(lock_, LOCK_SH | LOCK_NB), 0);
  }
  ~LookingCommand() { end(); }
  LookingCommand(const LookingCommand&) = delete;
  LookingCommand& operator=(const LookingCommand&) = delete;
  void end() {
    if (lock_ >= 0) {
      ::close(std::exchange(lock_, -1));
    }
  }

 private:
  int lock_;
};

class DataFolderTest : public testing::Test {
 protected:
  TemporaryFolder temporary_;
  std::filesystem::path path_ = temporary_.path() / "data";
};

TEST_F(DataFolderTest, MakesTheFolderForItsUserAlone) {
  const auto folder = DataFolder::open(path_);

  ASSERT_TRUE(folder) << folder.error().message;
  EXPECT_EQ(mode_of(path_), 0700U);
  EXPECT_EQ(mode_of(path_ / "daemon.lock"), 0600U);
}

TEST_F(DataFolderTest, MakesAFolderThatIsWrittenWithASlashBehindForItsUserAlone) {
  const auto folder = DataFolder::open(path_.string() + "/");

  ASSERT_TRUE(folder) << folder.error().message;
  EXPECT_EQ(mode_of(path_), 0700U);
}

TEST_F(DataFolderTest, LeavesTheModeOfAFolderThatOthersMayOnlyReadAlone) {
  std::filesystem::create_directory(path_);
  ASSERT_EQ(::chmod(path_.c_str(), 0755), 0);

  const auto folder = DataFolder::open(path_);

  ASSERT_TRUE(folder) << folder.error().message;
  EXPECT_EQ(mode_of(path_), 0755U);
}

TEST_F(DataFolderTest, RefusesAFolderThatOthersMayWriteAndLeavesItAsItIs) {
  std::filesystem::create_directory(path_);
  ASSERT_EQ(::chmod(path_.c_str(), 01777), 0);

  const auto folder = DataFolder::open(path_);

  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, Code::FailedPrecondition);
  EXPECT_THAT(folder.error().message, HasSubstr(path_.string()));
  EXPECT_THAT(folder.error().message, HasSubstr("1777"));
  EXPECT_THAT(folder.error().message, HasSubstr("0700"));
  EXPECT_EQ(mode_of(path_), 01777U);
  EXPECT_TRUE(std::filesystem::is_empty(path_));
}

TEST_F(DataFolderTest, RefusesAFolderOfAnotherUserAndSaysWhose) {
  const bool is_root = ::geteuid() == 0;
  const std::filesystem::path path = is_root ? path_ : "/";
  if (is_root) {
    std::filesystem::create_directory(path_);
    ASSERT_EQ(::chown(path_.c_str(), 65534, 65534), 0);
  }

  const auto folder = DataFolder::open(path);

  ASSERT_FALSE(folder);
  EXPECT_THAT(folder.error().message, HasSubstr(is_root ? "user id 65534" : "user id 0"));
  EXPECT_THAT(folder.error().message, HasSubstr("'" + path.string() + "'"));
}

TEST_F(DataFolderTest, DoesNotFollowALinkInThePlaceOfItsLock) {
  std::filesystem::create_directory(path_);
  std::filesystem::create_symlink(temporary_.path() / "elsewhere", path_ / "daemon.lock");

  const auto folder = DataFolder::open(path_);

  EXPECT_FALSE(folder);
  EXPECT_FALSE(std::filesystem::exists(temporary_.path() / "elsewhere"));
}

TEST_F(DataFolderTest, TellsCommandsWhatWasPublished) {
  auto folder = DataFolder::open(path_);
  ASSERT_TRUE(folder);

  ASSERT_TRUE(folder->publish({4711, "::1", 8100, 8101, 8102, true}));

  const auto seen = DataFolder::running(path_);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->pid, 4711);
  EXPECT_EQ(seen->host, "::1");
  EXPECT_EQ(seen->http, 8100);
  EXPECT_EQ(seen->grpc, 8101);
  EXPECT_EQ(seen->metrics, 8102);
  EXPECT_TRUE(seen->is_ready);
}

TEST_F(DataFolderTest, SaysThatTheDiskIsFullAndKeepsWhatWasPublished) {
  auto folder = DataFolder::open(path_);
  ASSERT_TRUE(folder);
  ASSERT_TRUE(folder->publish({4711, "127.0.0.1", 8100, 8101, 8102, false}));

  const auto published = [&] {
    const FileSizeLimit full(10);
    return folder->publish({4711, "127.0.0.1", 8100, 8101, 8102, true});
  }();

  ASSERT_FALSE(published);
  EXPECT_THAT(published.error().message, HasSubstr("daemon.json"));
  EXPECT_THAT(published.error().message, HasSubstr("too large"));
  const auto seen = DataFolder::running(path_);
  ASSERT_TRUE(seen);
  EXPECT_FALSE(seen->is_ready);
}

TEST_F(DataFolderTest, RefusesASecondDaemonAndNamesTheFirst) {
  auto first = DataFolder::open(path_);
  ASSERT_TRUE(first);
  ASSERT_TRUE(first->publish({4711, "127.0.0.1", 8100, 8101, 8102, true}));

  const auto second = DataFolder::open(path_);

  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("4711"));
  EXPECT_TRUE(DataFolder::running(path_));
}

TEST_F(DataFolderTest, IsFreeAgainWhenTheDaemonHasGone) {
  {
    auto first = DataFolder::open(path_);
    ASSERT_TRUE(first);
    ASSERT_TRUE(first->publish({4711, "127.0.0.1", 8100, 8101, 8102, true}));
  }

  EXPECT_FALSE(DataFolder::running(path_));
  EXPECT_TRUE(DataFolder::open(path_));
}

TEST_F(DataFolderTest, ACommandThatLooksIsNotTakenForADaemonByAnother) {
  ASSERT_TRUE(DataFolder::open(path_));
  temporary_.write("data/daemon.json", R"({"pid": 4711, "http": 8100})");  // of one that was killed
  const LookingCommand looking(path_);

  EXPECT_FALSE(DataFolder::running(path_));
}

TEST_F(DataFolderTest, ACommandThatLooksDoesNotHinderADaemonThatStarts) {
  ASSERT_TRUE(DataFolder::open(path_));
  LookingCommand looking(path_);

  auto starting = std::async(std::launch::async, [&] { return DataFolder::open(path_); });
  starting.wait_for(std::chrono::milliseconds{20});
  looking.end();

  const auto folder = starting.get();
  EXPECT_TRUE(folder) << folder.error().message;
}

}  // namespace
}  // namespace aion::daemon
