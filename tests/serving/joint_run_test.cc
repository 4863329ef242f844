#include "serving/joint_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/manual_clock.h"
#include "base/spawn.h"
#include "tests/serving/fake_instance.h"

namespace aion::serving {
namespace {

using testing::ElementsAre;

Result<Rows> doubled(const Rows& rows) {
  Rows out;
  for (const float row : rows) {
    if (row < 0) {
      return Error{Code::InvalidArgument, "a row is negative"};
    }
    out.push_back(2 * row);
  }
  return out;
}

QueuedRequest request_of(const Rows& rows) {
  QueuedRequest request;
  request.batch.inputs = {tensor_of(rows)};
  request.batch.outputs = {0};
  request.rows = rows.size();
  return request;
}

struct OpenGate final : runtime::StepGate {
  Awaitable<void> between_steps() override { co_return; }
};

JointOutcome run_all(FakeInstance& instance, std::vector<QueuedRequest*> requests) {
  const ManualClock clock;
  OpenGate gate;
  return wait_for(inline_executor(), run_joint(instance, requests, clock, gate));
}

Rows answer_of(const QueuedRequest& request) {
  return request.answer && *request.answer ? rows_in((*request.answer)->outputs.front()) : Rows{-1};
}

TEST(JointRun, GivesEachRequestItsOwnRows) {
  FakeInstance instance(doubled);
  QueuedRequest a = request_of({1});
  QueuedRequest b = request_of({2, 3});

  const JointOutcome outcome = run_all(instance, {&a, &b});

  EXPECT_TRUE(outcome.is_whole);
  EXPECT_EQ(outcome.executions, 1U);
  EXPECT_THAT(instance.runs, ElementsAre(Rows{1, 2, 3}));
  EXPECT_EQ(answer_of(a), (Rows{2}));
  EXPECT_EQ(answer_of(b), (Rows{4, 6}));
}

TEST(JointRun, AsksForEveryOutputThatOneOfThemWants) {
  FakeInstance instance(doubled);
  QueuedRequest a = request_of({1});
  QueuedRequest b = request_of({2});
  b.batch.outputs = {1, 0};

  run_all(instance, {&a, &b});

  EXPECT_EQ((*a.answer)->outputs.size(), 1U);
  EXPECT_EQ((*b.answer)->outputs.size(), 2U);
}

TEST(JointRun, LetsABadRequestSpoilNoOther) {
  FakeInstance instance(doubled);
  QueuedRequest good = request_of({1});
  QueuedRequest bad = request_of({-1});

  const JointOutcome outcome = run_all(instance, {&good, &bad});

  EXPECT_FALSE(outcome.is_whole);
  EXPECT_EQ(outcome.executions, 3U);
  EXPECT_EQ(answer_of(good), (Rows{2}));
  ASSERT_TRUE(bad.answer && !*bad.answer);
  EXPECT_EQ(bad.answer->error().message, "a row is negative");
}

TEST(JointRun, NoticesAModelThatDoesNotGiveARowForARow) {
  FakeInstance instance(
      [](const Rows& rows) -> Result<Rows> { return Rows{static_cast<float>(rows.size())}; });
  QueuedRequest a = request_of({1});
  QueuedRequest b = request_of({2});

  const JointOutcome outcome = run_all(instance, {&a, &b});

  EXPECT_TRUE(outcome.has_misfit);
  EXPECT_EQ(answer_of(a), (Rows{1}));
}

TEST(JointRun, IsCancelledOnlyWhenNobodyWaitsForItAnyMore) {
  FakeInstance instance(doubled);
  CancelSource first;
  CancelSource second;
  QueuedRequest a = request_of({1});
  QueuedRequest b = request_of({2});
  a.cancel = first.token();
  b.cancel = second.token();
  instance.during = [&] {
    first.cancel();
  };

  run_all(instance, {&a, &b});
  EXPECT_EQ(answer_of(b), (Rows{4}));

  instance.during = [&] {
    second.cancel();
  };
  run_all(instance, {&a, &b});
  ASSERT_TRUE(b.answer && !*b.answer);
  EXPECT_EQ(b.answer->error().code, Code::Cancelled);
}

TEST(QueuedRequest, IsJoinedOnlyWithOnesOfTheSameFormAndParameters) {
  const QueuedRequest a = request_of({1});
  QueuedRequest b = request_of({2, 3});
  EXPECT_TRUE(may_join(a, b));

  QueuedRequest alone = request_of({2});
  alone.rows = 0;
  EXPECT_FALSE(may_join(a, alone));
  QueuedRequest particular = request_of({2});
  particular.batch.parameters["beams"] = std::int64_t{4};
  EXPECT_FALSE(may_join(a, particular));
  QueuedRequest wider = request_of({2, 3});
  wider.batch.inputs[0].shape = {1, 2};
  EXPECT_FALSE(may_join(a, wider));
  QueuedRequest less = request_of({2});
  less.batch.inputs[0] = {};
  EXPECT_FALSE(may_join(a, less));
}

}  // namespace
}  // namespace aion::serving
