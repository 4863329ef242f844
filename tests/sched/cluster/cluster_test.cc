#include "sched/cluster/cluster.h"

#include <gtest/gtest.h>

#include "tests/sched/cluster/shapes.h"

namespace aion::sched {
namespace {

using testing::cluster_of;
using testing::node_of;
using testing::part;
using testing::whole;

TEST(Node, CountsEachGpuOnceForAMemberThatWantsPartsOfTwo) {
  const NodeSpec spec = node_of(3);
  NodeState free = empty_state(spec);
  free.gpu_milli = {1000, 400, 400};
  MemberShape shape = part(400);
  shape.gpus = 2;

  // 2 + 1 + 1 parts of 400: two members, of which no two parts are on one GPU.
  EXPECT_EQ(slots({spec, free}, shape), 2);
  free.gpu_milli = {1000, 400, 0};
  EXPECT_EQ(slots({spec, free}, shape), 1);
  free.gpu_milli = {1000, 0, 0};
  EXPECT_EQ(slots({spec, free}, shape), 0);
}

TEST(Node, SaysWhatLacks) {
  const NodeSpec spec = node_of(2);
  const NodeState free = empty_state(spec);
  MemberShape of_other_model = whole(1);
  of_other_model.gpu_models = 2;
  MemberShape large = whole(1);
  large.memory_mib = 524'289;
  NodeState down = free;
  down.is_up = false;

  EXPECT_EQ(eligible({spec, free}, of_other_model).lack, Lack::GpuModel);
  EXPECT_EQ(eligible({spec, free}, whole(3)).lack, Lack::Gpus);
  EXPECT_EQ(eligible({spec, free}, large).lack, Lack::Memory);
  EXPECT_EQ(eligible({spec, free}, whole(1, 64'001)).lack, Lack::Cpu);
  EXPECT_EQ(eligible({spec, down}, whole(1)).lack, Lack::Down);
  EXPECT_EQ(eligible({spec, free}, whole(2)).gpus, 3U);
}

TEST(Node, TakesGpusOfTheNvlinkGroupThatHasJustEnough) {
  NodeSpec spec = node_of(8);
  spec.link_group = {0, 0, 0, 0, 1, 1, 2, 2};
  spec.numa_domain = {0, 0, 0, 0, 1, 1, 1, 1};

  EXPECT_EQ(nearest_gpus(spec, 0xFF, 2), 0x30U);  // group 1, not a part of group 0
  EXPECT_EQ(nearest_gpus(spec, 0xFF, 4), 0x0FU);  // group 0
  EXPECT_EQ(nearest_gpus(spec, 0xF8, 3), 0x70U);  // no group: domain 1
  EXPECT_EQ(nearest_gpus(spec, 0xFF, 6), 0x3FU);  // neither: the largest groups
}

TEST(Cluster, GivesNothingOutOfWhatIsLost) {
  Cluster cluster = cluster_of({node_of(2)});
  cluster.take({0, 1}, whole(1));
  cluster.set_gpu_usable(0, 1, false);

  EXPECT_EQ(eligible(cluster.view(0), whole(1)).lack, Lack::Gpus);
  EXPECT_EQ(cluster.usable()[ResourceKind::Gpu], 0);

  cluster.set_gpu_usable(0, 1, true);
  cluster.give({0, 1}, whole(1));
  EXPECT_EQ(cluster.usable(), cluster.installed());
}

TEST(Cluster, UndoesATransactionExactly) {
  Cluster cluster = cluster_of({node_of(2), node_of(2)});
  cluster.take({1, 1}, part(300));
  const NodeState first = cluster.free(0);
  const NodeState second = cluster.free(1);

  {
    Transaction transaction(cluster);
    transaction.take({0, 3}, whole(2));
    transaction.give({1, 1}, part(300));
    const std::size_t mark = transaction.mark();
    transaction.take({1, 3}, whole(2));
    transaction.undo_to(mark);
    EXPECT_EQ(cluster.free(1), empty_state(cluster.spec(1)));
  }

  EXPECT_EQ(cluster.free(0), first);
  EXPECT_EQ(cluster.free(1), second);
}

TEST(Cluster, KeepsATransactionThatIsToBeKept) {
  Cluster cluster = cluster_of({node_of(2)});

  {
    Transaction transaction(cluster);
    transaction.take({0, 1}, whole(1));
    transaction.keep();
  }

  EXPECT_EQ(cluster.free(0).gpu_milli[0], 0);
}

TEST(Cluster, RefusesANodeThatCannotBeAndSaysWhy) {
  const Result<Cluster> cluster = Cluster::create({node_of(2), node_of(17)});

  ASSERT_FALSE(cluster);
  EXPECT_EQ(cluster.error().message, "node 1: gpus must be in 0 to 16, got 17");
}

TEST(GangCheck, RefusesAClaimThatCannotBeAndSaysWhy) {
  Gang mixed = testing::gang_of(whole(1), 2);
  mixed.id = 7;
  mixed.members[1] = whole(2);
  mixed.least = 1;
  Gang suspended = testing::gang_of(whole(1));
  suspended.may_suspend = true;

  EXPECT_EQ(check(mixed).error().message,
            "claim 7: least must be all members where they are not alike, got 1 of 2");
  EXPECT_EQ(check(suspended).error().message,
            "claim 0: gpu_memory_mib must be stated where may_suspend is set, since it is kept "
            "meanwhile, got 0");
  Gang hasty = testing::gang_of(whole(1));
  hasty.grace = -1;

  EXPECT_EQ(check(hasty).error().message, "claim 0: grace must be in 0 to 2^40, got -1");
  EXPECT_EQ(check(Gang{}).error().message, "claim 0: members must be at least one, got none");
}

}  // namespace
}  // namespace aion::sched
