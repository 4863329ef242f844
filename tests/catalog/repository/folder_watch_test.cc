#include "catalog/repository/folder_watch.h"

#include <condition_variable>
#include <mutex>
#include <set>

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace aion::catalog {
namespace {

/// What a watch has told, waited for.
class FolderWatchTest : public testing::Test {
 protected:
  void watch() {
    auto started = FolderWatch::start({folder_.path()}, executors_, [this](std::string model) {
      const std::scoped_lock lock(mutex_);
      told_.insert(std::move(model));
      changed_.notify_all();
    });
    ASSERT_TRUE(started) << started.error().message;
    watch_ = *std::move(started);
  }

  bool is_told(const std::string& model) {
    std::unique_lock lock(mutex_);
    const bool is_there =
        changed_.wait_for(lock, std::chrono::seconds(20), [&] { return told_.contains(model); });
    told_.clear();
    return is_there;
  }

  TemporaryFolder folder_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> told_;
  Executors executors_{{1, 1, 1}};
  std::unique_ptr<FolderWatch> watch_;
};

TEST_F(FolderWatchTest, TellsOfAFileThatChangesDeepInAModel) {
  folder_.write("m/1/deep/weights", "a");
  watch();

  folder_.write("m/1/deep/weights", "b");

  EXPECT_TRUE(is_told("m"));
}

TEST_F(FolderWatchTest, TellsOfAModelThatComesChangesAndGoes) {
  watch();

  folder_.write("m/1/model.onnx", "a");
  EXPECT_TRUE(is_told("m"));
  folder_.write("m/1/model.onnx", "b");
  EXPECT_TRUE(is_told("m"));
  std::filesystem::remove_all(folder_.path() / "m");
  EXPECT_TRUE(is_told("m"));
}

TEST_F(FolderWatchTest, TellsOfABareFileByTheNameOfItsModel) {
  watch();

  folder_.write("bare.onnx", "a");

  EXPECT_TRUE(is_told("bare"));
}

TEST_F(FolderWatchTest, TellsOfEveryModelWhenALinkBesideThemIsSwapped) {
  folder_.write("m/1/model.onnx", "a");
  watch();

  folder_.write("..data", "a");

  EXPECT_TRUE(is_told("m"));
}

TEST_F(FolderWatchTest, SaysWhyItCannotWatch) {
  const auto refused =
      FolderWatch::start({"/nowhere/at/all"}, executors_, [](const std::string&) {});

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Unavailable);
}

}  // namespace
}  // namespace aion::catalog
