#include "simulate/placement_replay.h"

#include <filesystem>
#include <map>

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

/// Both files of openb, or nothing when they are not there.
struct Openb {
  Trace pods;
  Trace nodes;

  static std::optional<Openb> read() {
    const std::optional<std::string> folder = testing::trace_folder();
    if (!folder) {
      return std::nullopt;
    }
    const std::filesystem::path path(*folder);
    Result<Trace> pods = read_trace(path / "alibaba-openb-pods-default.csv.gz", {});
    Result<Trace> nodes = read_trace(path / "alibaba-openb-nodes-gpu.csv.gz", {});
    if (!pods || !nodes) {
      return std::nullopt;
    }
    return Openb{*std::move(pods), *std::move(nodes)};
  }
};

/// The allocation rate at which the cluster is full, in the way of the FGD paper, which reports FGD
/// to reach most of all that it compares.
TEST(PlacementReplay, AllocatesMostOfOpenbByTheFragmentationGradient) {
  const std::optional<Openb> openb = Openb::read();
  if (!openb) {
    GTEST_SKIP() << "the traces of openb are not there";
  }
  std::map<std::string, double> allocated;
  for (const sched::PlacementPolicy& policy : sched::placements()) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      PlacementOptions options;
      options.placement = policy.name;
      options.seed = seed;
      const Result<PlacementFigures> figures = replay_placement(openb->pods, openb->nodes, options);
      ASSERT_TRUE(figures) << figures.error().message;
      allocated[options.placement + std::to_string(seed)] = figures->end.allocated;
    }
  }
  for (const sched::PlacementPolicy& policy : sched::placements()) {
    for (const char* seed : {"1", "2", "3"}) {
      EXPECT_GE(allocated[std::string("fgd") + seed], allocated[std::string(policy.name) + seed])
          << policy.name << " with seed " << seed;
    }
  }
  EXPECT_GE(allocated["fgd1"], 0.947);
}

TEST(PlacementReplay, PlacesEveryPodOfOpenbAtItsTime) {
  const std::optional<Openb> openb = Openb::read();
  if (!openb) {
    GTEST_SKIP() << "the traces of openb are not there";
  }
  PlacementOptions options;
  options.arrivals = Arrivals::Timed;

  const Result<PlacementFigures> figures = replay_placement(openb->pods, openb->nodes, options);

  ASSERT_TRUE(figures);
  EXPECT_EQ(figures->nodes, 1213);
  EXPECT_EQ(figures->gpu_milli, 6'212'000);
  EXPECT_EQ(figures->placed, 8152);
}

}  // namespace
}  // namespace aion::simulate
