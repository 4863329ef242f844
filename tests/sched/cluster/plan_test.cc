#include "sched/cluster/plan.h"

#include <limits>
#include <map>

#include <gtest/gtest.h>

#include "sched/cluster/open_admission.h"
#include "sched/cluster/placements.h"
#include "tests/sched/cluster/shapes.h"
#include "tests/sched/cluster/team_quotas.h"

namespace aion::sched {
namespace {

using Action = GangDecision::Action;
using Kind = Obstacle::Kind;
using testing::cluster_of;
using testing::gang_of;
using testing::node_of;
using testing::part;
using testing::TeamQuotas;
using testing::whole;

/// A cluster with a plan on it; queue i has a quota of quotas[i] whole GPUs, none of them means
/// everybody may have all.
class Bed {
 public:
  explicit Bed(std::vector<NodeSpec> nodes,
               const std::vector<std::int64_t>& quotas = {},
               const PlanOptions& options = {})
      : cluster_(cluster_of(std::move(nodes))),
        quotas_(thousandths(quotas)),
        plan_(cluster_,
              *find_placement("best-fit"),
              quotas.empty() ? static_cast<Admission&>(open_) : quotas_.tree(),
              options) {}

  GangId submit(Gang gang, Ticks now = 0) {
    gang.id = ++submitted_;
    return *plan_.submit(gang, now);
  }
  std::vector<GangDecision> decide(Ticks now = 0) {
    std::vector<GangDecision> decisions;
    plan_.decide(now, decisions);
    return decisions;
  }
  /// Submits and starts it.
  GangId run(const Gang& gang, Ticks now = 0) {
    const GangId id = submit(gang, now);
    decide(now);
    EXPECT_EQ(plan_.held(id).state, GangState::Running);
    return id;
  }
  /// Of queue 1, a whole GPU each.
  void run_borrowers(int count, std::int32_t priority) {
    Gang borrower = gang_of(whole(1), 1, priority);
    borrower.queue = 1;
    for (int i = 0; i < count; ++i) {
      run(borrower, i);
    }
  }
  /// What keeps it from starting; it is withdrawn then.
  Obstacle::Kind obstacle(const Gang& gang) {
    const GangId id = submit(gang);
    decide();
    const Obstacle::Kind kind = plan_.explain(id).kind;
    plan_.finish(id, 0);
    return kind;
  }
  [[nodiscard]] GangState state(GangId gang) const { return plan_.held(gang).state; }
  Plan& plan() { return plan_; }
  [[nodiscard]] const TeamQuotas& quotas() const { return quotas_; }
  [[nodiscard]] const Cluster& cluster() const { return cluster_; }

 private:
  static std::vector<std::int64_t> thousandths(std::vector<std::int64_t> gpus) {
    for (std::int64_t& amount : gpus) {
      amount *= kWholeGpu;
    }
    return gpus;
  }

  Cluster cluster_;
  OpenAdmission open_;
  TeamQuotas quotas_;
  Plan plan_;
  std::uint64_t submitted_ = 0;
};

TEST(Plan, LooksAtHigherPriorityFirstAndPassesWhatDoesNotFit) {
  Bed bed({node_of(4)});
  const GangId low = bed.submit(gang_of(whole(1)));
  const GangId wide = bed.submit(gang_of(whole(1), 5, 9));
  const GangId high = bed.submit(gang_of(whole(4), 1, 5));

  bed.decide();

  EXPECT_EQ(bed.state(high), GangState::Running);
  EXPECT_EQ(bed.state(wide), GangState::Waiting);
  EXPECT_EQ(bed.state(low), GangState::Waiting);
}

TEST(Plan, LetsNobodyPassWhoHasWaitedLongEnough) {
  Bed bed({node_of(4)}, {}, {.patience = 100});
  bed.run(gang_of(whole(3)));
  bed.submit(gang_of(whole(2)), 0);
  const GangId small = bed.submit(gang_of(whole(1)), 50);

  bed.decide(100);

  EXPECT_EQ(bed.state(small), GangState::Waiting);
  EXPECT_EQ(bed.plan().explain(small).kind, Kind::Turn);
}

/// When a gang of the whole cluster starts, beside a stream of small gangs of higher priority that
/// leaves no moment at which all is free; -1 = not in 600 ticks.
Ticks start_of_the_wide(const PlanOptions& options) {
  constexpr Ticks kEnd = 600;
  constexpr Ticks kRuntime = 10;
  Bed bed({node_of(4), node_of(4)}, {}, options);
  std::map<GangId, Ticks> ends;
  GangId wide = 0;
  for (Ticks now = 0; now < kEnd; ++now) {
    for (auto one = ends.begin(); one != ends.end();) {
      const bool is_over = one->second <= now;
      if (is_over) {
        bed.plan().finish(one->first, now);
      }
      one = is_over ? ends.erase(one) : std::next(one);
    }
    bed.submit(gang_of(whole(1), 1, 7), now);
    if (now == kRuntime) {
      wide = bed.submit(gang_of(whole(4), 2, 0), now);
    }
    for (const GangDecision& decision : bed.decide(now)) {
      EXPECT_EQ(decision.action, Action::Start);
      if (now >= kRuntime && decision.gang == wide) {
        return now;
      }
      ends[decision.gang] = now + kRuntime;
    }
  }
  return -1;
}

TEST(Plan, StartsEverybodyInBoundedTimeWhateverComesBeforeIt) {
  EXPECT_EQ(start_of_the_wide({.patience = kNever}), -1);
  const Ticks start = start_of_the_wide({.patience = 100});
  EXPECT_GE(start, 110);
  EXPECT_LE(start, 120);  // who ran then has ended
}

TEST(Plan, StopsNobodyForAHigherPriorityWhoHasWaitedLong) {
  Bed bed({node_of(1)}, {}, {.patience = 100});
  const GangId before = bed.run(gang_of(whole(1), 1, 5));
  const GangId patient = bed.submit(gang_of(whole(1)), 0);
  bed.decide(100);
  bed.plan().finish(before, 100);
  bed.decide(100);
  ASSERT_EQ(bed.state(patient), GangState::Running);

  const GangId urgent = bed.submit(gang_of(whole(1), 1, 9), 101);

  EXPECT_TRUE(bed.decide(101).empty());
  EXPECT_EQ(bed.state(urgent), GangState::Waiting);
}

TEST(Plan, CountsWhatAGangHasWaitedBeforeItWasStopped) {
  Bed bed({node_of(1)}, {}, {.patience = 100});
  const GangId first = bed.run(gang_of(whole(1), 1, 5), 0);
  const GangId stopped = bed.submit(gang_of(whole(1)), 0);
  bed.plan().finish(first, 60);
  bed.decide(60);  // it has waited for 60
  const GangId urgent = bed.submit(gang_of(whole(1), 1, 9), 70);
  bed.decide(70);
  ASSERT_EQ(bed.state(urgent), GangState::Running);
  ASSERT_EQ(bed.state(stopped), GangState::Waiting);
  const GangId other = bed.submit(gang_of(whole(1), 1, 5), 71);
  bed.decide(110);  // 40 more

  bed.plan().finish(urgent, 111);
  bed.decide(111);

  EXPECT_EQ(bed.state(stopped), GangState::Running);
  EXPECT_EQ(bed.state(other), GangState::Waiting);
}

TEST(Plan, ResumesWhoStandsSuspendedInFrontOfSomebodyWhomNobodyMayPass) {
  Bed bed({node_of(1)}, {}, {.patience = 100});
  Gang sleeper = gang_of(whole(1), 1, 1);
  sleeper.members[0].gpu_memory_mib = 50'000;
  sleeper.may_suspend = true;
  const GangId suspended = bed.run(sleeper, 0);
  Gang patient_gang = gang_of(whole(1), 1, 0);
  patient_gang.members[0].gpu_memory_mib = 50'000;  // not beside the sleeper's
  const GangId patient = bed.submit(patient_gang, 0);
  Gang urgent_gang = gang_of(whole(1), 1, 9);
  urgent_gang.members[0].gpu_memory_mib = 20'000;
  const GangId urgent = bed.submit(urgent_gang, 50);
  bed.decide(50);
  ASSERT_EQ(bed.state(suspended), GangState::Suspended);

  bed.plan().finish(urgent, 120);  // only the other has lost its patience
  bed.decide(120);

  EXPECT_EQ(bed.state(suspended), GangState::Running);
  EXPECT_EQ(bed.state(patient), GangState::Waiting);
}

TEST(Plan, StopsTheVictimThatHasLeastToLose) {
  Bed bed({node_of(1), node_of(1)});
  const GangId old = bed.run(gang_of(whole(1)), 0);
  const GangId young = bed.run(gang_of(whole(1)), 90);
  const GangId urgent = bed.submit(gang_of(whole(1), 1, 1), 100);

  const std::vector<GangDecision> decisions = bed.decide(100);

  ASSERT_EQ(decisions.size(), 2U);
  EXPECT_EQ(decisions[0].action, Action::Stop);
  EXPECT_EQ(decisions[0].gang, young);
  EXPECT_EQ(decisions[0].way, StopWay::Kill);
  EXPECT_EQ(decisions[0].reason, StopReason::Priority);
  EXPECT_EQ(decisions[0].for_id, 3U);
  EXPECT_EQ(decisions[1].gang, urgent);
  EXPECT_EQ(bed.state(old), GangState::Running);
  EXPECT_EQ(bed.state(young), GangState::Waiting);
}

TEST(StopCost, OfAnAgeOfWorkIsNoOverflow) {
  HeldGang held;
  held.gang = gang_of(whole(8), 1000);
  held.gang.restart_cost = std::numeric_limits<Ticks>::max() / 4;
  held.grants.resize(1000);
  held.state = GangState::Running;

  const StopTerms terms = cheapest_stop(held, std::numeric_limits<Ticks>::max() / 4, false);

  EXPECT_EQ(terms.way, StopWay::Kill);
  EXPECT_EQ(terms.cost, std::int64_t{1} << 48U);
}

TEST(Plan, CountsWorkSinceTheLastCheckpointOnly) {
  Bed bed({node_of(1), node_of(1)});
  const GangId old = bed.run(gang_of(whole(1)), 0);
  bed.run(gang_of(whole(1)), 90);
  bed.plan().note_checkpoint(old, 95);
  bed.submit(gang_of(whole(1), 1, 1), 100);

  EXPECT_EQ(bed.decide(100)[0].gang, old);
}

TEST(Plan, LetsAVictimSaveItsStateWhereThatIsCheaperThanItsWork) {
  Bed bed({node_of(1)});
  Gang saver = gang_of(whole(1));
  saver.may_checkpoint = true;
  saver.grace = 30;
  saver.restart_cost = 10;
  bed.run(saver, 0);
  bed.submit(gang_of(whole(1), 1, 1), 1000);

  const std::vector<GangDecision> decisions = bed.decide(1000);

  ASSERT_EQ(decisions.size(), 2U);
  EXPECT_EQ(decisions[0].way, StopWay::Checkpoint);
  EXPECT_EQ(decisions[0].at, 1030);
  EXPECT_EQ(decisions[1].action, Action::Start);
  EXPECT_EQ(decisions[1].at, 1030);  // not before the grace is over
}

TEST(Plan, KillsAVictimThatHasJustStartedThoughItCouldSave) {
  Bed bed({node_of(1)});
  Gang saver = gang_of(whole(1));
  saver.may_checkpoint = true;
  saver.grace = 30;
  bed.run(saver, 0);
  bed.submit(gang_of(whole(1), 1, 1), 5);

  EXPECT_EQ(bed.decide(5)[0].way, StopWay::Kill);
}

Gang suspendable(std::int32_t gpu_memory_mib) {
  Gang gang = gang_of(whole(1));
  gang.members[0].gpu_memory_mib = gpu_memory_mib;
  gang.may_suspend = true;
  return gang;
}

TEST(Plan, SuspendsWhereTheMemoryOfBothFitsAndResumesOnTheSameDevices) {
  Bed bed({node_of(1)});
  const GangId victim = bed.run(suspendable(40'000), 0);
  const std::vector<Grant> before = bed.plan().held(victim).grants;
  Gang urgent = gang_of(whole(1), 1, 1);
  urgent.members[0].gpu_memory_mib = 41'920;
  const GangId winner = bed.submit(urgent, 100);

  const std::vector<GangDecision> decisions = bed.decide(100);
  ASSERT_EQ(decisions[0].way, StopWay::Suspend);
  EXPECT_EQ(bed.state(victim), GangState::Suspended);
  EXPECT_EQ(bed.cluster().free(0).gpu_memory_mib[0], 0);

  bed.plan().finish(winner, 200);
  const std::vector<GangDecision> later = bed.decide(200);
  ASSERT_EQ(later.size(), 1U);
  EXPECT_EQ(later[0].action, Action::Resume);
  EXPECT_EQ(later[0].grants, before);
}

TEST(Plan, KillsWhereTheMemoryOfASuspendedVictimWouldBeInTheWay) {
  Bed bed({node_of(1)});
  bed.run(suspendable(60'000), 0);
  Gang urgent = gang_of(whole(1), 1, 1);
  urgent.members[0].gpu_memory_mib = 41'920;
  bed.submit(urgent, 100);

  EXPECT_EQ(bed.decide(100)[0].way, StopWay::Kill);
}

TEST(Plan, StopsNobodyOfEqualPriorityOrWhoIsNotPreemptible) {
  Bed bed({node_of(2)});
  bed.run(gang_of(whole(1), 1, 5));
  Gang firm = gang_of(whole(1));
  firm.is_preemptible = false;
  bed.run(firm);
  bed.submit(gang_of(whole(1), 1, 5));

  EXPECT_TRUE(bed.decide().empty());
}

TEST(Plan, StopsNobodyWhenItWouldNotHelp) {
  Bed bed({node_of(2)});
  bed.run(gang_of(whole(1)));
  Gang firm = gang_of(whole(1), 1, 9);
  firm.is_preemptible = false;
  bed.run(firm);
  bed.submit(gang_of(whole(2), 1, 5));

  EXPECT_TRUE(bed.decide().empty());
}

TEST(Plan, TakesBackWhatAnotherQueueHasBorrowedWhateverItsPriority) {
  Bed bed({node_of(4)}, {2, 2});
  bed.run_borrowers(4, 9);
  Gang owner = gang_of(whole(2));
  const GangId mine = bed.submit(owner, 10);
  const GangId too_much = bed.submit(owner, 10);

  const std::vector<GangDecision> decisions = bed.decide(10);

  ASSERT_EQ(decisions.size(), 3U);
  EXPECT_EQ(decisions[1].reason, StopReason::Reclaim);
  EXPECT_EQ(decisions[2].gang, mine);
  EXPECT_EQ(bed.quotas().used(), (std::vector<std::int64_t>{2000, 2000}));
  EXPECT_EQ(bed.plan().explain(too_much).kind, Kind::Quota);
}

TEST(Plan, TakesBackNoMoreThanWasBorrowed) {
  Bed bed({node_of(2), node_of(2)}, {2, 2});
  bed.run_borrowers(3, 0);
  std::vector<GangDecision> decisions;
  bed.plan().lose_gpu(1, 1, 5, decisions);
  const GangId mine =
      bed.submit(gang_of(whole(2)), 10);  // both on node 0, of which one is borrowed

  EXPECT_TRUE(bed.decide(10).empty());
  EXPECT_EQ(bed.state(mine), GangState::Waiting);
}

TEST(Plan, StopsNobodyOfAnotherQueueForAClaimThatBorrows) {
  Bed bed({node_of(2)}, {0, 2});
  Gang other = gang_of(whole(1));
  other.queue = 1;
  bed.run(other);
  Gang borrower = gang_of(whole(2), 1, 9);  // of queue 0, which owns nothing

  bed.submit(borrower);

  EXPECT_TRUE(bed.decide().empty());
}

TEST(Plan, StartsAnElasticGangWithAsManyMembersAsItsQueueMayHave) {
  Bed bed({node_of(8)}, {3});
  Gang gang = gang_of(whole(1), 6);
  gang.least = 2;

  const GangId id = bed.run(gang);

  EXPECT_EQ(bed.plan().held(id).grants.size(), 3U);
  EXPECT_EQ(bed.quotas().used(), (std::vector<std::int64_t>{3000}));
}

TEST(Plan, StopsAGangWholeThatALossTakesBelowItsLeast) {
  Bed bed({node_of(2), node_of(2)});
  const GangId gang = bed.run(gang_of(whole(1), 4));
  std::vector<GangDecision> decisions;

  bed.plan().lose_node(1, 10, decisions);

  ASSERT_EQ(decisions.size(), 1U);
  EXPECT_EQ(decisions[0].action, Action::Stop);
  EXPECT_EQ(decisions[0].reason, StopReason::Loss);
  EXPECT_EQ(bed.state(gang), GangState::Waiting);
  EXPECT_TRUE(bed.decide(10).empty());
  bed.plan().restore_node(1);
  EXPECT_EQ(bed.decide(20).size(), 1U);
}

TEST(Plan, ShrinksAnElasticGangThatHasEnoughLeft) {
  Bed bed({node_of(2), node_of(2)}, {4});
  Gang elastic = gang_of(whole(1), 4);
  elastic.least = 3;
  const GangId gang = bed.run(elastic);
  std::vector<GangDecision> decisions;

  bed.plan().lose_gpu(0, 1, 10, decisions);

  ASSERT_EQ(decisions.size(), 1U);
  EXPECT_EQ(decisions[0].action, Action::Shrink);
  EXPECT_EQ(decisions[0].grants.size(), 3U);
  EXPECT_EQ(bed.state(gang), GangState::Running);
  EXPECT_EQ(bed.quotas().used(), (std::vector<std::int64_t>{3000}));
  bed.plan().finish(gang, 20);
  bed.plan().restore_gpu(0, 1);
  EXPECT_EQ(bed.cluster().usable(), bed.cluster().installed());
}

Gang elastic_gang() {
  Gang elastic = gang_of(whole(1), 4);
  elastic.least = 1;
  return elastic;
}

TEST(Plan, GivesAShrunkGangItsMembersBackWhenThereIsRoom) {
  Bed bed({node_of(2), node_of(2)});
  const GangId gang = bed.run(elastic_gang());
  std::vector<GangDecision> lost;
  bed.plan().lose_node(1, 10, lost);
  ASSERT_EQ(bed.plan().held(gang).grants.size(), 2U);
  EXPECT_TRUE(bed.decide(11).empty());

  bed.plan().restore_node(1);
  const std::vector<GangDecision> decisions = bed.decide(20);

  ASSERT_EQ(decisions.size(), 1U);
  EXPECT_EQ(decisions[0].action, Action::Grow);
  EXPECT_EQ(decisions[0].gang, gang);
  EXPECT_EQ(decisions[0].grants.size(), 4U);
  EXPECT_EQ(bed.plan().held(gang).grants.size(), 4U);
  EXPECT_TRUE(bed.decide(21).empty());
  bed.plan().finish(gang, 30);
  EXPECT_EQ(bed.cluster().usable(), bed.cluster().installed());
}

TEST(Plan, LetsWhoWaitsGoBeforeWhoCouldGrow) {
  Bed bed({node_of(4)});
  const GangId first = bed.run(gang_of(whole(3)));
  const GangId elastic = bed.run(elastic_gang());
  ASSERT_EQ(bed.plan().held(elastic).grants.size(), 1U);
  const GangId waits = bed.submit(gang_of(whole(2)));

  bed.plan().finish(first, 10);
  bed.decide(10);

  EXPECT_EQ(bed.state(waits), GangState::Running);
  EXPECT_EQ(bed.plan().held(elastic).grants.size(), 2U);
}

TEST(Plan, GrowsNobodyInTheWayOfSomebodyWhomNobodyMayPass) {
  Bed bed({node_of(4)}, {}, {.patience = 100});
  const GangId first = bed.run(gang_of(whole(3)));
  const GangId elastic = bed.run(elastic_gang());
  bed.submit(gang_of(whole(4)), 0);

  bed.plan().finish(first, 100);
  bed.decide(100);

  EXPECT_EQ(bed.plan().held(elastic).grants.size(), 1U);
}

TEST(Plan, GrowsNobodyOnWhatItsTeamWouldBorrow) {
  Bed bed({node_of(4)}, {2, 2});
  Gang other = gang_of(whole(3));
  other.queue = 1;
  const GangId first = bed.run(other);
  const GangId elastic = bed.run(elastic_gang());
  ASSERT_EQ(bed.plan().held(elastic).grants.size(), 1U);

  bed.plan().finish(first, 10);
  bed.decide(10);

  EXPECT_EQ(bed.plan().held(elastic).grants.size(), 2U);
}

TEST(Plan, LeavesAGangAloneThatHoldsNothingOfWhatIsLost) {
  Bed bed({node_of(2)});
  bed.run(gang_of(whole(1)));
  std::vector<GangDecision> decisions;

  bed.plan().lose_gpu(0, 1, 10, decisions);

  EXPECT_TRUE(decisions.empty());
}

TEST(Plan, RefusesAClaimThatIsNotSound) {
  Bed bed({node_of(2)});
  const Result<GangId> id = bed.plan().submit(gang_of(part(0)), 0);

  ASSERT_FALSE(id);
  EXPECT_EQ(id.error().message, "claim 0: gpu_milli must be in 1 to 1000, got 0");
}

TEST(PlanExplain, SaysWhatLacks) {
  Bed bed({node_of(2, 0, 0), node_of(2, 1, 1)});
  Gang bound = gang_of(whole(2));
  bound.members[0].gpu_models = 1;
  Gang near = gang_of(whole(1), 3);
  near.nearness = Nearness::Rack;
  near.is_nearness_required = true;
  bed.run(bound);
  EXPECT_EQ(bed.obstacle(bound), Kind::Gpus);
  EXPECT_EQ(bed.obstacle(near), Kind::Never);
  EXPECT_EQ(bed.obstacle(gang_of(whole(1), 3)), Kind::Members);
  EXPECT_EQ(bed.obstacle(gang_of(whole(1, 70'000))), Kind::Never);
  EXPECT_EQ(bed.obstacle(gang_of(whole(2, 63'500), 2)), Kind::Members);
}

TEST(PlanExplain, TellsMemoryAndCoresFromGpus) {
  Bed bed({node_of(2)});
  MemberShape hungry = whole(0, 60'000);
  hungry.memory_mib = 1024;
  const GangId cores = bed.run(gang_of(hungry));
  const GangId waits = bed.submit(gang_of(whole(1, 10'000)));
  bed.decide();

  const Obstacle obstacle = bed.plan().explain(waits);
  EXPECT_EQ(obstacle.kind, Kind::Cpu);
  EXPECT_EQ(obstacle.words,
            "a member wants 1 GPU, 10000 thousandths of a core and 1024 MiB; 1 node has the rest "
            "free, but too few cores");

  bed.plan().finish(cores, 0);
  hungry.cpu_milli = 1000;
  hungry.memory_mib = 524'000;
  bed.run(gang_of(whole(1, 10'000)));
  EXPECT_EQ(bed.plan().held(waits).state, GangState::Running);
}

TEST(PlanExplain, SaysNeverWithTheReason) {
  Bed bed({node_of(2)});
  const GangId id = bed.submit(gang_of(whole(3)));
  bed.decide();

  EXPECT_EQ(bed.plan().explain(id).words,
            "never on this cluster, because even empty it has no room for 1 members as near as "
            "required, each 3 GPUs, 1000 thousandths of a core and 1024 MiB");
}

TEST(PlanExplain, SaysThatThereIsRoomButNotNearEnough) {
  Bed bed({node_of(2, 0, 0), node_of(2, 1, 1)});
  Gang single = gang_of(whole(1));
  single.is_preemptible = false;
  single.members[0].gpu_models = 1;
  bed.run(single);
  single.members[0].gpu_models = 2;
  bed.run(single);
  Gang near = gang_of(whole(1), 2);
  near.nearness = Nearness::Rack;
  near.is_nearness_required = true;
  const GangId waits = bed.submit(near);
  bed.decide();

  EXPECT_EQ(bed.plan().explain(waits).kind, Kind::Nearness);
}

}  // namespace
}  // namespace aion::sched
