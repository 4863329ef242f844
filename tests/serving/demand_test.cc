#include "serving/demand.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/executor.h"
#include "base/spawn.h"
#include "base/wait.h"

namespace aion::serving {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

Awaitable<bool> has_ended(Awaitable<void> work) {
  co_await std::move(work);
  co_return true;
}

class DemandTest : public testing::Test {
 protected:
  DemandTest() : use_(std::make_shared<ModelUse>(std::make_shared<UseSignals>())) {}
  ~DemandTest() override {
    may_load_.set();
    demand_.close();
    Clock& clock = executors_.clock();
    EXPECT_TRUE(wait_for(executors_.io(),
                         population_->extinct(clock, clock.now() + seconds(30), executors_.io())));
  }

  Task<void> load(std::string name) {
    ++loads_;
    if (waits_) {
      co_await may_load_.wait();
    }
    co_return name == "bad" ? Result<void>(Error{Code::Internal, "it is broken"}) : Result<void>();
  }
  Result<void> bring(const std::string& name,
                     TimePoint deadline = kNever,
                     CancelToken cancel = {}) {
    return wait_for(executors_.io(), demand_.bring(name, use_, deadline, std::move(cancel)));
  }
  Awaitable<void> keep(Task<void> work, std::vector<Result<void>>& into) {
    into.push_back(co_await std::move(work));
  }

  /// Started after those that wait, on the same thread.
  Awaitable<void> let_load() {
    may_load_.set();
    co_return;
  }

  Executors executors_{{1, 1, 2}};
  std::shared_ptr<Population> population_ = std::make_shared<Population>();
  std::shared_ptr<ModelUse> use_;
  std::atomic<int> loads_ = 0;
  bool waits_ = false;
  Event may_load_;
  Demand demand_{executors_, population_, {2, seconds(30)}, [this](std::string name) {
                   return load(std::move(name));
                 }};
};

TEST_F(DemandTest, LoadsWhatIsAskedFor) {
  EXPECT_TRUE(bring("good"));
  EXPECT_EQ(loads_, 1);
}

TEST_F(DemandTest, LoadsOnceForAllWhoWait) {
  waits_ = true;
  std::vector<Result<void>> answers;
  std::vector<Awaitable<void>> waiters;
  for (int i = 0; i < 2; ++i) {
    waiters.push_back(keep(demand_.bring("good", use_, kNever, {}), answers));
  }
  waiters.push_back(let_load());

  EXPECT_TRUE(wait_for(executors_.io(), has_ended(all(executors_.io(), std::move(waiters)))));

  ASSERT_EQ(answers.size(), 2U);
  EXPECT_TRUE(answers[0] && answers[1]);
  EXPECT_EQ(loads_, 1);
}

TEST_F(DemandTest, RefusesMoreThanMayWait) {
  waits_ = true;
  std::vector<Result<void>> answers;
  std::vector<Awaitable<void>> waiters;
  for (int i = 0; i < 3; ++i) {
    waiters.push_back(keep(demand_.bring("good", use_, kNever, {}), answers));
  }
  waiters.push_back(let_load());

  EXPECT_TRUE(wait_for(executors_.io(), has_ended(all(executors_.io(), std::move(waiters)))));

  EXPECT_EQ(answers.size(), 3U);
  const auto refused = std::ranges::find_if(answers, [](const auto& one) { return !one; });
  ASSERT_NE(refused, answers.end());
  EXPECT_EQ(refused->error().code, Code::Unavailable);
  EXPECT_GT(refused->error().retry_after.count(), 0);
  EXPECT_THAT(refused->error().message, HasSubstr("2 requests wait"));
}

TEST_F(DemandTest, RefusesAtOnceWhatCannotBeThereInTime) {
  use_->note_load(seconds(5));

  const auto brought = bring("good", executors_.clock().now() + seconds(1));

  ASSERT_FALSE(brought);
  EXPECT_EQ(brought.error().code, Code::Unavailable);
  EXPECT_EQ(brought.error().retry_after, seconds(5));
  EXPECT_EQ(loads_, 0);
}

TEST_F(DemandTest, EndsWhenTheClientHangsUpAndLetsTheLoadGoOn) {
  waits_ = true;
  CancelSource source;
  source.cancel();

  const auto brought = bring("good", kNever, source.token());

  ASSERT_FALSE(brought);
  EXPECT_EQ(brought.error().code, Code::Cancelled);
  may_load_.set();
  EXPECT_TRUE(bring("good"));
}

TEST_F(DemandTest, EndsAtTheDeadlineOfTheRequest) {
  waits_ = true;

  const auto brought = bring("good", executors_.clock().now() + milliseconds(5));

  ASSERT_FALSE(brought);
  EXPECT_EQ(brought.error().code, Code::Unavailable);
}

TEST_F(DemandTest, DoesNotTryAgainAtOnceWhatDidNotLoad) {
  const auto first = bring("bad");
  const auto second = bring("bad");

  ASSERT_FALSE(first);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "it is broken");
  EXPECT_GT(second.error().retry_after.count(), 0);
  EXPECT_EQ(loads_, 1);
}

TEST_F(DemandTest, BringsNothingOnceItIsClosed) {
  demand_.close();

  EXPECT_EQ(bring("good").error().code, Code::Unavailable);
  EXPECT_EQ(loads_, 0);
}

}  // namespace
}  // namespace aion::serving
