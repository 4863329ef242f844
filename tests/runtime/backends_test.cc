#include "runtime/backends.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/manual_clock.h"
#include "base/spawn.h"
#include "runtime/worker_main.h"
#include "tests/runtime/backend/children.h"
#include "tests/runtime/backend/collecting_sink.h"

namespace aion::runtime {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

/// Workers are this very program, started again: see main.cc.
class BackendsTest : public testing::Test {
 protected:
  BackendEnvironment environment() {
    BackendEnvironment environment;
    environment.clock = &clock_;
    environment.worker_program = "/proc/self/exe";
    environment.compute_threads = 2;
    return environment;
  }

  static catalog::ModelVersion version(const std::string& backend) {
    catalog::ModelVersion version;
    version.backend = backend;
    return version;
  }

  ManualClock clock_;
  Backends backends_{environment()};
};

TEST_F(BackendsTest, AreFoundByName) {
  const auto echo = backends_.find(version("echo"));

  ASSERT_TRUE(echo);
  EXPECT_EQ((*echo)->name(), "echo");
}

TEST_F(BackendsTest, SayWhichThereAreWhenThereIsNoSuchOne) {
  const auto missing = backends_.find(version("tensorrt"));

  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::NotFound);
  EXPECT_EQ(missing.error().message,
            "there is no backend 'tensorrt'; there are: onnx, openvino, echo");
}

TEST_F(BackendsTest, RefuseAnUnknownIsolation) {
  auto strange = version("echo");
  strange.parameters["isolation"] = "machine";

  const auto found = backends_.find(strange);

  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Code::InvalidArgument);
  EXPECT_EQ(found.error().message,
            "parameter 'isolation': expected none or process, got 'machine'");
}

TEST_F(BackendsTest, RunAVersionInAProcessOfItsOwnWhenItAsksForIt) {
  auto isolated = version("echo");
  isolated.parameters["isolation"] = "process";
  const auto backend = backends_.find(isolated);
  ASSERT_TRUE(backend);
  const auto before = children().size();

  const auto instance = wait_for(inline_executor(), (*backend)->open(isolated, resource::Lease()));
  ASSERT_TRUE(instance) << instance.error().message;
  CollectingSink sink;
  Batch batch{{floats({1, 2})}, {0}, {}};
  const auto outcome =
      wait_for(inline_executor(), (*instance)->run(std::move(batch), CancelToken(), sink));

  EXPECT_THAT(children(), SizeIs(before + 1));
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_THAT(values_of<float>(sink.responses().at(0).outputs.at(0)), ElementsAre(1, 2));
}

TEST(WorkerMain, RefusesToBeStartedByHand) {
  std::string program = "aion";
  std::string word = "worker";
  std::array<char*, 3> words{program.data(), word.data(), nullptr};

  EXPECT_EQ(worker_main(2, words.data()), 2);
}

TEST(WorkerMain, RefusesWhatItDoesNotKnow) {
  std::string program = "aion";
  std::string word = "worker";
  std::string flag = "--compute-threads=none";
  std::array<char*, 4> words{program.data(), word.data(), flag.data(), nullptr};

  EXPECT_EQ(worker_main(3, words.data()), 2);
}

}  // namespace
}  // namespace aion::runtime
