#include "simulate/placement_replay.h"

#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "sched/cluster/placements.h"
#include "simulate/read_trace.h"
#include "tests/simulate/trace_files.h"

namespace aion::simulate {
namespace {

constexpr std::string_view kNodes =
    "sn,cpu_milli,memory_mib,gpu,model\n"
    "a,8000,1024,2,T4\n"
    "b,8000,1024,1,A10\n";
constexpr std::string_view kPodHeader =
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_"
    "time,scheduled_time\n";

Trace nodes() {
  return *read_trace_text(kNodes, "nodes.csv", {});
}

Trace pods(const std::string& rows) {
  return *read_trace_text(std::string(kPodHeader) + rows, "pods.csv", {});
}

TEST(PlacementReplay, LetsAPodWaitUntilAnotherEnds) {
  const Trace trace = pods(
      "p,1000,10,2,1000,,LS,Running,0,100,0\n"
      "q,1000,10,2,1000,,LS,Running,10,60,20\n"
      "r,1000,10,1,1000,,LS,Running,20,30,20\n");
  PlacementOptions options;
  options.arrivals = Arrivals::Timed;

  const Result<PlacementFigures> figures = replay_placement(trace, nodes(), options);

  ASSERT_TRUE(figures);
  EXPECT_EQ(figures->placed, 3);
  EXPECT_EQ(figures->max_wait, 90);
  EXPECT_DOUBLE_EQ(figures->mean_wait, 30);
  EXPECT_DOUBLE_EQ(figures->end.allocated, 1);
  // 2 GPUs for 100 s, 1 for 10, 2 for 40, of 3 for 140.
  EXPECT_DOUBLE_EQ(figures->mean_allocated, 290.0 / 420);
}

TEST(PlacementReplay, PutsAPodOnTheModelsThatItNamesAlone) {
  const Trace trace = pods(
      "p,1000,10,1,1000,A10,LS,Running,0,100,0\n"
      "q,1000,10,1,1000,A10,LS,Running,0,100,0\n"
      "r,1000,10,1,1000,V100|T4,LS,Running,0,100,0\n"
      "s,1000,10,1,1000,H100,LS,Running,0,100,0\n");
  PlacementOptions options;
  options.arrivals = Arrivals::Timed;

  const Result<PlacementFigures> figures = replay_placement(trace, nodes(), options);

  ASSERT_TRUE(figures);
  EXPECT_EQ(figures->placed, 3);  // there is no H100
  EXPECT_EQ(figures->max_wait, 100);
}

TEST(PlacementReplay, SaysWhatIsWrongWithATraceOrAnOption) {
  const Trace trace = pods("p,1000,10,1,1000,,LS,Running,0,100,0\n");
  PlacementOptions options;
  options.demand = 0;

  EXPECT_EQ(replay_placement(trace, nodes(), options).error().message,
            "demand must be above 0 and at most 100, got 0.000000");
  EXPECT_EQ(replay_placement(trace, trace, {}).error().message,
            "pods.csv: expected a trace with nodes, which are in the format openb-nodes; it has "
            "none");
  EXPECT_EQ(replay_placement(nodes(), nodes(), {}).error().message,
            "nodes.csv: expected pods that want GPUs, which are in the format openb-pods; it has "
            "none");
  options = {};
  options.placement = "tetris";
  EXPECT_EQ(replay_placement(trace, nodes(), options).error().code, Code::InvalidArgument);
}

TEST(PlacementReplay, SaysWhichPodCannotBe) {
  const Trace trace = pods("p,1000,10,1,0,,LS,Running,0,100,0\n");

  EXPECT_EQ(replay_placement(trace, nodes(), {}).error().message,
            "pods.csv: claim 0: gpu_milli must be in 1 to 1000, got 0");
}

/// On both files of openb; skipped where they are not there.
class OpenbReplay : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path folder(testing::trace_folder().value_or(""));
    pods_ = read_trace(folder / "alibaba-openb-pods-default.csv.gz", {});
    nodes_ = read_trace(folder / "alibaba-openb-nodes-gpu.csv.gz", {});
    if (!pods_ || !nodes_) {
      GTEST_SKIP() << "the traces of openb are not there";
    }
  }

  /// The share of the GPUs that is allocated when the cluster is full; 0 when the replay fails.
  [[nodiscard]] double allocated(std::string_view placement, std::uint64_t seed) const {
    PlacementOptions options;
    options.placement = placement;
    options.seed = seed;
    const Result<PlacementFigures> figures = replay_placement(*pods_, *nodes_, options);
    return figures ? figures->end.allocated : 0;
  }

  /// By any placement.
  [[nodiscard]] double most_allocated(std::uint64_t seed) const {
    double most = 0;
    for (const sched::PlacementPolicy& policy : sched::placements()) {
      most = std::max(most, allocated(policy.name, seed));
    }
    return most;
  }

  Result<Trace> pods_ = Trace{};
  Result<Trace> nodes_ = Trace{};
};

/// In the way of the FGD paper, which reports FGD to reach most of all that it compares.
TEST_F(OpenbReplay, AllocatesMostByTheFragmentationGradient) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const double by_gradient = allocated("fgd", seed);
    EXPECT_GT(by_gradient, 0.947);
    EXPECT_LE(most_allocated(seed), by_gradient) << "seed " << seed;
  }
}

TEST_F(OpenbReplay, PlacesEveryPodAtItsTime) {
  PlacementOptions options;
  options.arrivals = Arrivals::Timed;

  const Result<PlacementFigures> figures = replay_placement(*pods_, *nodes_, options);

  EXPECT_EQ(figures->nodes, 1213);
  EXPECT_EQ(figures->gpu_milli, 6'212'000);
  EXPECT_EQ(figures->placed, 8152);
}

}  // namespace
}  // namespace aion::simulate
