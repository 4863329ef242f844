#include "sched/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sched/policies.h"

namespace aion::sched {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A scheduler, and what it decided last by the driver's names.
class Desk {
 public:
  Desk(std::string_view policy, std::int64_t processors)
      : scheduler(*find_policy(policy), processors) {}

  ClaimId submit(std::uint64_t id, std::int32_t processors, Ticks request, Ticks now) {
    Claim claim;
    claim.id = id;
    claim.arrival = now;
    claim.request = request;
    claim.processors = processors;
    return scheduler.submit(claim, now);
  }

  std::vector<std::uint64_t> started(Ticks now) {
    decisions.clear();
    scheduler.decide(now, decisions);
    std::vector<std::uint64_t> ids;
    for (const Decision& decision : decisions) {
      if (decision.action == Decision::Action::Start) {
        ids.push_back(decision.id);
      }
    }
    return ids;
  }

  Scheduler scheduler;
  std::vector<Decision> decisions;
};

TEST(Scheduler, BreaksTiesByTheOrderOfSubmission) {
  Desk desk("sjfg-req", 3);
  for (const std::uint64_t id : {30U, 10U, 20U}) {
    desk.submit(id, 1, 100, 0);
  }
  EXPECT_THAT(desk.started(0), ElementsAre(30, 10, 20));
}

TEST(Scheduler, StartsWhatWaitedBehindAClaimThatIsWithdrawn) {
  for (const auto* policy : {"fcfs", "easy", "easy-sjbf", "cons", "default"}) {
    Desk desk(policy, 2);
    desk.submit(1, 1, 100, 0);
    EXPECT_THAT(desk.started(0), ElementsAre(1)) << policy;
    const ClaimId wide = desk.submit(2, 2, 100, 0);
    desk.submit(3, 1, 500, 0);
    EXPECT_THAT(desk.started(0), IsEmpty()) << policy;

    desk.scheduler.finish(wide, 5);

    EXPECT_THAT(desk.started(5), ElementsAre(3)) << policy;
  }
}

TEST(Scheduler, ForgetsAClaimThatIsWithdrawnBeforeItWasLookedAt) {
  for (const auto* policy : {"fcfs", "sjfg-req", "easy", "cons", "las"}) {
    Desk desk(policy, 2);
    const ClaimId gone = desk.submit(1, 1, 100, 0);
    desk.scheduler.finish(gone, 0);
    EXPECT_THAT(desk.started(0), IsEmpty()) << policy;
    EXPECT_EQ(desk.scheduler.waiting(), 0U) << policy;
  }
}

TEST(Scheduler, UsesAMachineThatGrowsAndWaitsForOneThatShrinks) {
  for (const auto* policy : {"fcfs", "sjfg-req", "easy", "cons", "srsf"}) {
    Desk desk(policy, 2);
    const ClaimId first = desk.submit(1, 2, 100, 0);
    desk.submit(2, 4, 100, 0);
    EXPECT_THAT(desk.started(0), ElementsAre(1)) << policy;

    desk.scheduler.set_capacity(6, 1);
    EXPECT_THAT(desk.started(1), ElementsAre(2)) << policy;

    desk.scheduler.set_capacity(5, 2);
    desk.submit(3, 1, 10, 2);
    desk.scheduler.finish(first, 3);
    EXPECT_THAT(desk.started(3), ElementsAre(3)) << policy;
  }
}

TEST(Scheduler, LetsNobodyWaitForAClaimThatAShrunkMachineCannotHold) {
  for (const auto* policy : {"fcfs",
                             "sjf-req",
                             "sjfg-req",
                             "easy",
                             "easy-sjbf",
                             "cons",
                             "default",
                             "priority",
                             "fair-share",
                             "drf",
                             "srsf",
                             "las"}) {
    Desk desk(policy, 4);
    const ClaimId first = desk.submit(1, 4, 100, 0);
    EXPECT_THAT(desk.started(0), ElementsAre(1)) << policy;
    const ClaimId wide = desk.submit(2, 4, 100, 0);
    desk.submit(3, 1, 1000, 0);
    EXPECT_EQ(desk.scheduler.explain(wide, 0).capacity, 4) << policy;

    desk.scheduler.set_capacity(3, 1);
    desk.scheduler.finish(first, 2);
    EXPECT_THAT(desk.started(2), ElementsAre(3)) << policy;
    EXPECT_EQ(desk.scheduler.waiting(), 1U) << policy;
    EXPECT_EQ(describe(desk.scheduler.explain(wide, 2), 2),
              "never on this machine, because it wants 4 of 3 processors")
        << policy;

    desk.scheduler.set_capacity(5, 3);
    EXPECT_THAT(desk.started(3), ElementsAre(2)) << policy;
    EXPECT_EQ(desk.scheduler.waiting(), 0U) << policy;
  }
}

TEST(Scheduler, ForgetsAClaimThatIsWithdrawnWhileTheMachineIsTooSmall) {
  Desk desk("easy", 2);
  const ClaimId wide = desk.submit(1, 3, 100, 0);
  EXPECT_THAT(desk.started(0), IsEmpty());
  EXPECT_EQ(desk.scheduler.waiting(), 1U);

  desk.scheduler.finish(wide, 1);
  desk.scheduler.set_capacity(4, 2);

  EXPECT_EQ(desk.scheduler.waiting(), 0U);
  EXPECT_THAT(desk.started(2), IsEmpty());
}

TEST(Scheduler, BelievesThatWhatRunsOnWillRunOn) {
  // A claim is over its time and still runs: whoever is next waits, and nothing is granted twice.
  for (const auto* policy : {"easy", "cons", "easy-pred"}) {
    Desk desk(policy, 1);
    const ClaimId late = desk.submit(1, 1, 10, 0);
    EXPECT_THAT(desk.started(0), ElementsAre(1));
    desk.submit(2, 1, 10, 0);
    EXPECT_THAT(desk.started(0), IsEmpty());
    EXPECT_THAT(desk.started(10), IsEmpty()) << policy;
    EXPECT_THAT(desk.started(5000), IsEmpty()) << policy;

    desk.scheduler.finish(late, 6000);

    EXPECT_THAT(desk.started(6000), ElementsAre(2)) << policy;
  }
}

TEST(Scheduler, StopsTheLongerForTheShorterAndSaysSoFirst) {
  Desk desk("srpt", 1);
  desk.submit(1, 1, 1000, 0);
  desk.started(0);
  desk.submit(2, 1, 50, 10);

  desk.started(10);

  ASSERT_EQ(desk.decisions.size(), 2U);
  EXPECT_EQ(desk.decisions[0].action, Decision::Action::Preempt);
  EXPECT_EQ(desk.decisions[0].id, 1U);
  EXPECT_EQ(desk.decisions[1].action, Decision::Action::Start);
  EXPECT_EQ(desk.decisions[1].id, 2U);
}

TEST(Scheduler, CountsTheRestartBeforeItPutsAStoppedClaimBackInOrder) {
  Desk desk("srpt", 1);
  desk.submit(1, 1, 100, 0);
  desk.started(0);
  const ClaimId brief = desk.submit(2, 1, 20, 50);
  desk.started(50);  // 50 are left of claim 1, and a restart costs 30

  desk.submit(3, 1, 79, 60);
  desk.scheduler.finish(brief, 70);
  EXPECT_THAT(desk.started(70), ElementsAre(3));
}

TEST(Explain, TellsPositionWhatIsMissingAndTheBelievedStart) {
  Desk desk("easy", 4);
  desk.submit(1, 3, 100, 0);
  desk.started(0);
  desk.submit(2, 4, 50, 0);
  const ClaimId last = desk.submit(3, 2, 200, 0);
  desk.started(0);

  const Standing standing = desk.scheduler.explain(last, 10);

  EXPECT_EQ(standing.ahead, 1U);
  EXPECT_EQ(standing.waiting, 2U);
  EXPECT_EQ(standing.time, 150);
  EXPECT_EQ(describe(standing, 10),
            "waits, with 1 of 2 waiting claims before it: it wants 2 of 4 processors, 1 are free, "
            "1 are missing; believed to "
            "start in 140");
}

TEST(Explain, TellsAPromisedStart) {
  Desk desk("cons", 4);
  desk.submit(1, 3, 100, 0);
  const ClaimId waits = desk.submit(2, 4, 50, 0);
  desk.started(0);

  const Standing standing = desk.scheduler.explain(waits, 0);

  EXPECT_TRUE(standing.is_reserved);
  EXPECT_EQ(standing.time, 100);
  EXPECT_THAT(describe(standing, 0), HasSubstr("reserved to start in 100"));
}

TEST(Explain, SaysThatAClaimWillNeverFitThisMachine) {
  for (const auto* policy : {"fcfs", "easy", "cons", "default"}) {
    Desk desk(policy, 4);
    const ClaimId huge = desk.submit(1, 5, 10, 0);
    EXPECT_THAT(desk.started(0), IsEmpty());
    EXPECT_EQ(describe(desk.scheduler.explain(huge, 0), 0),
              "never on this machine, because it wants 5 of 4 processors")
        << policy;
  }
}

TEST(Explain, TellsWhenWhatRunsIsBelievedToEnd) {
  Desk desk("easy", 4);
  const ClaimId runs = desk.submit(1, 3, 100, 0);
  desk.started(0);
  EXPECT_EQ(describe(desk.scheduler.explain(runs, 40), 40),
            "runs on 3 processors, believed to end in 60");
}

}  // namespace
}  // namespace aion::sched
