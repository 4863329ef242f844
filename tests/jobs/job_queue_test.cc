// The scheduler's order over the ledger's account.
#include "jobs/job_queue.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/manual_clock.h"
#include "sched/policies.h"

namespace aion::jobs {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr resource::DeviceId kCpu{resource::DeviceKind::Cpu, 0};
constexpr resource::DeviceId kGpu0{resource::DeviceKind::Gpu, 0};
constexpr resource::DeviceId kGpu1{resource::DeviceKind::Gpu, 1};

class JobQueueTest : public testing::Test {
 protected:
  static Job job(std::uint64_t number, double cores, std::uint64_t mebi = 10) {
    Job made;
    made.number = number;
    made.user = "tester";
    made.spec.command = {"true"};
    made.spec.folder = "/";
    made.spec.cores = cores;
    made.spec.memory = Bytes::mebi(mebi);
    return made;
  }

  JobQueue queue(const std::string& policy = "fcfs", double cores = 4) {
    JobQueue::Rules rules;
    rules.policy = *sched::find_policy(policy);
    rules.cores = cores;
    return {rules, ledger_, clock_.now()};
  }

  void enter(JobQueue& queue, const Job& one) { queue.enter(one, Duration{0}, clock_.now()); }

  /// Numbers of those that start; their leases are kept.
  std::vector<std::uint64_t> decide(JobQueue& queue) {
    std::vector<std::uint64_t> started;
    auto decided = queue.decide(clock_.now());
    for (JobQueue::Grant& granted : decided.grants) {
      started.push_back(granted.number);
      leases_[granted.number] = std::move(granted.leases);
    }
    return started;
  }

  void end(JobQueue& queue, std::uint64_t number) {
    queue.leave(number, clock_.now());
    leases_.erase(number);
  }

  ManualClock clock_;
  resource::Ledger ledger_{
      {{kCpu, {4, Bytes::mebi(100)}, {{0, 0, 0}, {1, 1, 0}, {2, 2, 0}, {3, 3, 0}}},
       {kGpu0, {1, Bytes::mebi(80)}},
       {kGpu1, {1, Bytes::mebi(80)}}}};
  std::map<std::uint64_t, std::vector<resource::Lease>> leases_;
};

TEST_F(JobQueueTest, StartsInTheOrderOfThePolicyWhatFits) {
  auto waiting = queue();
  enter(waiting, job(1, 3));
  enter(waiting, job(2, 2));
  enter(waiting, job(3, 1));

  EXPECT_THAT(decide(waiting),
              ElementsAre(1));  // first come, first served: nobody passes the second
  end(waiting, 1);
  EXPECT_THAT(decide(waiting), ElementsAre(2, 3));
}

TEST_F(JobQueueTest, PinsWholeCoresAndLeavesParts) {
  auto waiting = queue();
  enter(waiting, job(1, 2));
  enter(waiting, job(2, 0.5));

  EXPECT_THAT(decide(waiting), ElementsAre(1, 2));
  EXPECT_THAT(leases_[1][0].cpus(), ElementsAre(0, 1));
  EXPECT_THAT(leases_[2][0].cpus(), IsEmpty());
}

TEST_F(JobQueueTest, LetsOthersPassAJobThatLacksMemory) {
  auto held = ledger_.take({"model 'm'", kCpu, {0, Bytes::mebi(50)}});
  ASSERT_TRUE(held);
  auto waiting = queue();
  enter(waiting, job(1, 1, 80));
  enter(waiting, job(2, 1, 20));

  EXPECT_THAT(decide(waiting), ElementsAre(2));
  EXPECT_THAT(waiting.why(1, clock_.now()), HasSubstr("model 'm'"));

  held->release();
  end(waiting, 2);
  EXPECT_THAT(decide(waiting), ElementsAre(1));
}

TEST_F(JobQueueTest, LetsNobodyWhoCameLaterPassOneThatHasWaitedTooLong) {
  auto held = ledger_.take({"model 'm'", kCpu, {0, Bytes::mebi(50)}});
  ASSERT_TRUE(held);
  auto waiting = queue();
  enter(waiting, job(1, 1, 80));
  EXPECT_THAT(decide(waiting), IsEmpty());

  clock_.advance(minutes(11));
  enter(waiting, job(2, 1, 20));
  EXPECT_THAT(decide(waiting), IsEmpty());

  held->release();
  EXPECT_THAT(decide(waiting), ElementsAre(1, 2));
}

TEST_F(JobQueueTest, GivesGpusThatAreFreeAndPartsOfOne) {
  auto waiting = queue();
  Job whole = job(1, 1);
  whole.spec.gpus = 1;
  Job half = job(2, 1);
  half.spec.gpus = 0.5;
  Job other_half = job(3, 1);
  other_half.spec.gpus = 0.5;
  enter(waiting, whole);
  enter(waiting, half);
  enter(waiting, other_half);

  EXPECT_THAT(decide(waiting), ElementsAre(1, 2, 3));
  EXPECT_EQ(leases_[1][1].device(), kGpu0);
  EXPECT_EQ(leases_[2][1].device(), kGpu1);
  EXPECT_EQ(leases_[3][1].device(), kGpu1);
  EXPECT_EQ(leases_[2][1].quantity().memory, Bytes::mebi(40));
}

TEST_F(JobQueueTest, TakesAnotherGpuThanTheOneThatWasFreeWhenItCame) {
  auto first = ledger_.take({"a", kGpu0, {1, Bytes::mebi(80)}});
  auto second = ledger_.take({"b", kGpu1, {1, Bytes::mebi(80)}});
  ASSERT_TRUE(first && second);
  auto waiting = queue();
  Job one = job(1, 1);
  one.spec.gpus = 1;
  enter(waiting, one);
  EXPECT_THAT(decide(waiting), IsEmpty());

  second->release();

  EXPECT_THAT(decide(waiting), ElementsAre(1));
  EXPECT_EQ(leases_[1][1].device(), kGpu1);
}

TEST_F(JobQueueTest, SaysWhatCanNeverBe) {
  const auto waiting = queue("fcfs", 2);
  Job no_gpu = job(3, 1);
  no_gpu.spec.gpus = 3;

  EXPECT_THAT(waiting.claims_of(job(1, 3)).error().message, HasSubstr("jobs may hold 2.0"));
  EXPECT_THAT(waiting.claims_of(job(2, 1, 200)).error().message, HasSubstr("never"));
  EXPECT_THAT(waiting.claims_of(no_gpu).error().message, HasSubstr("never"));
}

TEST_F(JobQueueTest, TakesUpTheLeasesOfAFormerLife) {
  Job held = job(1, 2, 30);
  held.leases = {{kCpu, 2, Bytes::mebi(30), {1, 3}}};
  auto waiting = queue();

  auto leases = waiting.adopt(held, clock_.now());
  enter(waiting, job(2, 3));

  ASSERT_TRUE(leases);
  EXPECT_THAT((*leases)[0].cpus(), ElementsAre(1, 3));
  EXPECT_THAT(decide(waiting), IsEmpty());
  leases->clear();
  end(waiting, 1);
  EXPECT_THAT(decide(waiting), ElementsAre(2));
}

TEST_F(JobQueueTest, ForgetsWhoLeavesWhereverItStands) {
  auto held = ledger_.take({"model 'm'", kCpu, {0, Bytes::mebi(50)}});
  ASSERT_TRUE(held);
  auto waiting = queue();
  enter(waiting, job(1, 1, 80));
  enter(waiting, job(2, 4, 10));
  enter(waiting, job(3, 4, 10));
  EXPECT_THAT(decide(waiting), ElementsAre(2));

  end(waiting, 1);
  end(waiting, 3);
  end(waiting, 2);

  EXPECT_EQ(waiting.size(), 0U);
  EXPECT_THAT(decide(waiting), IsEmpty());
}

TEST_F(JobQueueTest, StopsOneThatIsPassedByAShorterOneWhereThePolicySaysSo) {
  auto waiting = queue("srpt");
  Job longest = job(1, 4);
  longest.spec.time_limit = std::chrono::hours(10);
  Job shortest = job(2, 4);
  shortest.spec.time_limit = seconds(10);
  enter(waiting, longest);
  EXPECT_THAT(decide(waiting), ElementsAre(1));

  enter(waiting, shortest);
  const auto decided = waiting.decide(clock_.now());

  EXPECT_THAT(decided.preempted, ElementsAre(1));
  EXPECT_THAT(decided.grants, IsEmpty());  // not before the other has let go
  end(waiting, 1);
  EXPECT_THAT(decide(waiting), ElementsAre(2));
}

}  // namespace
}  // namespace aion::jobs
