#include "sched/cluster/workload_mix.h"

#include <gtest/gtest.h>

#include "tests/sched/cluster/shapes.h"

namespace aion::sched {
namespace {

using testing::node_of;
using testing::part;
using testing::whole;

std::int64_t fragment(const WorkloadMix& mix, const NodeSpec& spec, const NodeState& free) {
  WorkloadMix::Masses masses;
  mix.weigh(spec, free, masses);
  return mix.fragment(free, masses);
}

TEST(WorkloadMix, CountsPartsThatAreTooSmallForATaskThatRuns) {
  WorkloadMix mix;
  mix.add(part(500), 3);
  NodeState free = empty_state(node_of(3));
  free.gpu_milli = {1000, 300, 200};

  EXPECT_EQ(fragment(mix, node_of(3), free), 3 * 500);
}

TEST(WorkloadMix, CountsAllFreeGpusForATaskThatCannotRun) {
  WorkloadMix mix;
  mix.add(whole(2), 2);          // one whole GPU is there: 1500 lost, twice
  mix.add(whole(1, 64'001), 1);  // no node has so many cores: 1500
  mix.add(whole(1), 4);          // the part of 500, four times
  NodeState free = empty_state(node_of(2));
  free.gpu_milli = {1000, 500};

  EXPECT_EQ(fragment(mix, node_of(2), free), 2 * 1500 + 1500 + 4 * 500);
}

TEST(WorkloadMix, CountsAllFreeGpusOfAModelThatATaskMayNotRunOn) {
  WorkloadMix mix;
  MemberShape bound = whole(1);
  bound.gpu_models = 1;
  mix.add(bound, 1);

  EXPECT_EQ(fragment(mix, node_of(2, 0, 0), empty_state(node_of(2, 0, 0))), 0);
  EXPECT_EQ(fragment(mix, node_of(2, 0, 1), empty_state(node_of(2, 0, 1))), 2000);
}

TEST(WorkloadMix, LetsScoresStandUntilAnEighthMoreWasSeen) {
  WorkloadMix mix;
  mix.add(whole(1), 16);
  const std::uint64_t version = mix.version();

  mix.observe(whole(2));
  mix.observe(whole(2));
  EXPECT_EQ(mix.version(), version);
  mix.observe(whole(2));
  EXPECT_NE(mix.version(), version);
  EXPECT_EQ(mix.total(), 19);
}

}  // namespace
}  // namespace aion::sched
