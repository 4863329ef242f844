#include "serving/loader.h"

#include <chrono>
#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/spawn.h"
#include "serving/model_server.h"
#include "tests/serving/served_models.h"

namespace aion::serving {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

class LoaderTest : public testing::Test {
 protected:
  Result<void> load(const std::string& name) {
    return wait_for(models_.executors.io(), loader_.load(name));
  }
  Result<void> unload(const std::string& name) {
    return wait_for(models_.executors.io(), loader_.unload(name));
  }
  bool is_extinct_within(milliseconds limit) {
    Clock& clock = models_.executors.clock();
    return wait_for(
        models_.executors.io(),
        loader_.population().extinct(clock, clock.now() + limit, models_.executors.io()));
  }

  ServedModels models_;
  ModelTable table_;
  Dispatcher dispatcher_{{models_.executors.compute(), models_.executors.io(), 1},
                         models_.executors.clock(),
                         sched::first_come};
  Loader loader_{{models_.executors,
                  models_.repository,
                  models_.backends,
                  models_.ledger,
                  dispatcher_,
                  table_,
                  models_.log},
                 8};
};

TEST_F(LoaderTest, BringsEveryVersionIntoTheTableOnALeaseOfItsOwn) {
  models_.write_version("echo", 1);
  models_.write_version("echo", 3);

  const auto loaded = load("echo");

  ASSERT_TRUE(loaded) << loaded.error().message;
  ASSERT_TRUE(table_.find("echo", 1));
  EXPECT_EQ((*table_.find("echo", 0))->version.number, 3);
  ASSERT_EQ(models_.ledger.holdings().size(), 2U);
  EXPECT_EQ(models_.ledger.holdings()[0].claim.holder, "model 'echo' version 1");
}

TEST_F(LoaderTest, SaysTheWordsThatTritonsClientsCompareForANameThatIsNotThere) {
  const auto loaded = load("nope");

  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Code::InvalidArgument);
  EXPECT_EQ(loaded.error().message, "failed to load 'nope', failed to poll from model repository");
  EXPECT_TRUE(table_.snapshot()->empty());
}

TEST_F(LoaderTest, KeepsTheReasonOfAVersionThatDoesNotLoad) {
  models_.write_version("odd", 1);
  models_.write_config("odd", "tensorrt");

  const auto loaded = load("odd");

  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message, HasSubstr("tensorrt"));
  EXPECT_FALSE(table_.find("odd", 1));
  EXPECT_THAT(table_.snapshot()->at("odd").versions.at(1).reason, HasSubstr("tensorrt"));
}

TEST_F(LoaderTest, LeavesTheOldOneInServiceWhenTheNewOneDoesNotLoad) {
  models_.write_version("echo", 1);
  ASSERT_TRUE(load("echo"));
  const auto old = *table_.find("echo", 1);
  models_.write_config("echo", "tensorrt");

  EXPECT_FALSE(load("echo"));

  const auto now = table_.find("echo", 1);
  ASSERT_TRUE(now);
  EXPECT_EQ(*now, old);
  EXPECT_THAT(table_.snapshot()->at("echo").versions.at(1).reason, HasSubstr("tensorrt"));
}

TEST_F(LoaderTest, ReplacesAVersionOnlyWhenItsFilesHaveChanged) {
  models_.write_version("echo", 1);
  ASSERT_TRUE(load("echo"));
  const auto old = *table_.find("echo", 1);

  ASSERT_TRUE(load("echo"));
  EXPECT_EQ(*table_.find("echo", 1), old);

  models_.folder.write("echo/1/more.txt", "new");
  ASSERT_TRUE(load("echo"));
  EXPECT_NE(*table_.find("echo", 1), old);
}

TEST_F(LoaderTest, TakesAVersionThatTheRepositoryHoldsNoMoreOutOfService) {
  models_.write_version("echo", 1);
  models_.write_version("echo", 2);
  ASSERT_TRUE(load("echo"));
  std::filesystem::remove_all(models_.folder.path() / "echo" / "1");

  ASSERT_TRUE(load("echo"));

  EXPECT_FALSE(table_.find("echo", 1));
  EXPECT_TRUE(table_.find("echo", 2));
}

TEST_F(LoaderTest, GivesTheLeaseBackWhenTheLastHolderOfAnUnloadedVersionLetsGo) {
  models_.write_version("echo", 1);
  ASSERT_TRUE(load("echo"));
  auto held = *table_.find("echo", 1);

  ASSERT_TRUE(unload("echo"));
  const bool was_extinct = is_extinct_within(milliseconds{0});
  const bool was_in_use = loader_.population().is_in_use();
  held.reset();

  EXPECT_FALSE(was_extinct);
  EXPECT_TRUE(was_in_use);
  EXPECT_TRUE(is_extinct_within(seconds{10}));
  EXPECT_FALSE(loader_.population().is_in_use());
  EXPECT_TRUE(models_.ledger.holdings().empty());
  EXPECT_EQ(table_.find("echo", 1).error().code, Code::Unavailable);
}

TEST_F(LoaderTest, UnloadsANameThatNobodyKnowsWithoutAWord) {
  EXPECT_TRUE(unload("nope"));
  EXPECT_TRUE(table_.snapshot()->empty());
}

TEST_F(LoaderTest, LoadsNothingOnceItIsClosed) {
  models_.write_version("echo", 1);

  loader_.close();
  const auto loaded = load("echo");

  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Code::Unavailable);
  EXPECT_TRUE(table_.snapshot()->empty());
  EXPECT_TRUE(models_.ledger.holdings().empty());
}

/// The folder of models on a disk that answers when it is told to.
class SlowRepository final : public catalog::Repository {
 public:
  explicit SlowRepository(const catalog::Repository& disk) : disk_(disk) {}

  [[nodiscard]] Result<std::vector<catalog::Finding>> scan() const override { return disk_.scan(); }
  [[nodiscard]] Result<catalog::Model> find(std::string_view name) const override {
    asked_.set_value();
    may_answer_.wait();
    return disk_.find(name);
  }
  [[nodiscard]] Result<catalog::Model> overridden(std::string_view name,
                                                  const catalog::Override& given) const override {
    return disk_.overridden(name, given);
  }

  void wait_until_asked() { is_asked_.wait(); }
  void answer() { answer_.set_value(); }

 private:
  const catalog::Repository& disk_;
  mutable std::promise<void> asked_;
  std::future<void> is_asked_ = asked_.get_future();
  std::promise<void> answer_;
  std::shared_future<void> may_answer_ = answer_.get_future().share();
};

class StopWhileLoadingTest : public testing::Test {
 protected:
  StopWhileLoadingTest() {
    models_.write_version("echo", 1);
    load_ = std::async(std::launch::async,
                       [this] { return wait_for(models_.executors.io(), server_.load("echo")); });
    disk_.wait_until_asked();
  }

  Result<void> stop(milliseconds limit) {
    return wait_for(models_.executors.io(), server_.stop(limit));
  }

  ServedModels models_;
  SlowRepository disk_{models_.repository};
  Metrics metrics_;
  ModelServer server_{
      {models_.executors, disk_, models_.backends, models_.ledger, metrics_, models_.log}, {}};
  std::future<Result<void>> load_;
};

TEST_F(StopWhileLoadingTest, TellsThatOnlyALoadIsLeft) {
  const auto stopped = stop(milliseconds{1});
  disk_.answer();

  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Code::Cancelled);
  EXPECT_FALSE(load_.get());
  EXPECT_TRUE(stop(seconds{10}));
}

TEST_F(StopWhileLoadingTest, LetsNothingIntoTheTableThatHasBeenCleared) {
  ASSERT_FALSE(stop(milliseconds{0}));

  disk_.answer();
  const auto loaded = load_.get();

  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Code::Unavailable);
  EXPECT_TRUE(stop(seconds{10}));
  EXPECT_TRUE(models_.ledger.holdings().empty());
}

TEST_F(StopWhileLoadingTest, WaitsForTheLoadWithinItsLimit) {
  auto stopping = std::async(std::launch::async, [this] { return stop(seconds{30}); });
  EXPECT_EQ(stopping.wait_for(milliseconds{20}), std::future_status::timeout);

  disk_.answer();

  EXPECT_TRUE(stopping.get());
  EXPECT_FALSE(load_.get());
}

}  // namespace
}  // namespace aion::serving
