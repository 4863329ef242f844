#include <atomic>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include "tests/contract/backend/fixture.h"
#include "tests/runtime/backend/counting_gate.h"

namespace aion::runtime {
namespace {

using tensor::DataType;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class BackendContract : public BackendSuite, public testing::WithParamInterface<Adapter> {
 protected:
  static Batch two_rows(std::int32_t first,
                        std::int32_t second,
                        std::vector<std::uint32_t> outputs) {
    Batch batch;
    for (const std::int32_t value : {first, second}) {
      auto row = make_tensor(DataType::Int32, std::vector<std::int32_t>(16, value));
      row.shape = {1, 16};
      batch.inputs.push_back(std::move(row));
    }
    batch.outputs = std::move(outputs);
    return batch;
  }

  static tensor::Tensor matrix(const std::vector<float>& values, tensor::Shape shape) {
    auto tensor = floats(values);
    tensor.shape = std::move(shape);
    return tensor;
  }
};

// Whether a thread of this process has computed for 20 ms, or waits for something.
bool is_under_way(pthread_t thread, pid_t id) {
  clockid_t clock = 0;
  timespec used{};
  if (pthread_getcpuclockid(thread, &clock) == 0 && clock_gettime(clock, &used) == 0 &&
      (used.tv_sec > 0 || used.tv_nsec > 20'000'000)) {
    return true;
  }
  std::ifstream file("/proc/self/task/" + std::to_string(id) + "/stat");
  std::string text;
  std::getline(file, text);
  const auto name_end = text.rfind(')');
  return name_end != std::string::npos && text.substr(name_end + 2, 1) == "S";
}

TEST_P(BackendContract, TellsTheSignatureThatWasConfigured) {
  const auto instance = opened(GetParam().two_outputs());

  ASSERT_THAT(instance->signature().inputs, SizeIs(2));
  EXPECT_EQ(instance->signature().inputs[1].name, "INPUT1");
  EXPECT_EQ(instance->signature().inputs[1].dtype, DataType::Int32);
  EXPECT_THAT(instance->signature().inputs[1].shape, ElementsAre(-1, 16));
  ASSERT_THAT(instance->signature().outputs, SizeIs(2));
  EXPECT_EQ(instance->signature().outputs[0].name, "OUTPUT0");
}

TEST_P(BackendContract, SendsOneResponseWithTheValues) {
  const auto instance = opened(GetParam().identity(DataType::Fp32));

  const auto outputs = answer(*instance, {{matrix({1, 2, 3, 4, 5, 6}, {2, 3})}, {0}, {}});

  ASSERT_THAT(outputs, SizeIs(1));
  EXPECT_THAT(outputs[0].shape, ElementsAre(2, 3));
  EXPECT_THAT(values_of<float>(outputs[0]), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST_P(BackendContract, AnswersWithTheWantedOutputsOnly) {
  const auto instance = opened(GetParam().two_outputs());
  const auto both = answer(*instance, two_rows(10, 3, {0, 1}));
  ASSERT_THAT(both, SizeIs(2));

  const auto second = answer(*instance, two_rows(10, 3, {1}));
  const auto swapped = answer(*instance, two_rows(10, 3, {1, 0}));

  ASSERT_NE(both[0].data.text(), both[1].data.text());
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_EQ(second[0].data.text(), both[1].data.text());
  ASSERT_THAT(swapped, SizeIs(2));
  EXPECT_EQ(swapped[0].data.text(), both[1].data.text());
  EXPECT_EQ(swapped[1].data.text(), both[0].data.text());
}

TEST_P(BackendContract, SharesNothingBetweenRunsThatAreUnderWayAtOnce) {
  const auto instance = opened(GetParam().identity(DataType::Fp32));
  std::atomic<int> right = 0;
  const auto ask = [&](int thread) {
    for (int round = 0; round < 100; ++round) {
      const auto value = static_cast<float>(thread * 1000 + round);
      const auto outputs =
          answer(*instance, {{matrix(std::vector<float>(64, value), {1, 64})}, {0}, {}});
      right += outputs.size() == 1 && values_of<float>(outputs[0]) == std::vector<float>(64, value)
                   ? 1
                   : 0;
    }
  };

  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back(ask, thread);
  }
  for (std::thread& thread : threads) {
    thread.join();
  }

  EXPECT_EQ(right, 400);
}

TEST_P(BackendContract, TakesTensorsWithoutElements) {
  const auto instance = opened(GetParam().identity(DataType::Fp32));

  const auto outputs = answer(*instance, {{matrix({}, {0, 3})}, {0}, {}});

  ASSERT_THAT(outputs, SizeIs(1));
  EXPECT_THAT(outputs[0].shape, ElementsAre(0, 3));
  EXPECT_EQ(outputs[0].data.bytes, 0U);
}

TEST_P(BackendContract, TakesStringTensorsWithoutElements) {
  if (GetParam().carries(DataType::Bytes) == Carries::Nothing) {
    expect_refusal(GetParam().identity(DataType::Bytes));
    return;
  }
  const auto instance = opened(GetParam().identity(DataType::Bytes));

  const auto outputs = answer(*instance, {{tensor::bytes_from_values({}, {2, 0})}, {0}, {}});

  ASSERT_THAT(outputs, SizeIs(1));
  EXPECT_THAT(outputs[0].shape, ElementsAre(2, 0));
  EXPECT_THAT(*outputs[0].offsets, ElementsAre(0));
}

TEST_P(BackendContract, TakesTensorsOfTwentyMegabytes) {
  const auto instance = opened(GetParam().identity(DataType::Fp32));
  std::vector<float> values(5'000'000);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(i);
  }

  const auto outputs = answer(*instance, {{matrix(values, {1, 5'000'000})}, {0}, {}});

  ASSERT_THAT(outputs, SizeIs(1));
  EXPECT_EQ(values_of<float>(outputs[0]), values);
}

TEST_P(BackendContract, OutputsOutliveTheInstance) {
  auto instance = opened(GetParam().identity(DataType::Fp32));

  const auto outputs = answer(*instance, {{matrix({1, 2}, {1, 2})}, {0}, {}});
  instance.reset();

  EXPECT_THAT(values_of<float>(outputs.at(0)), ElementsAre(1, 2));
}

TEST_P(BackendContract, ARunThatWasCancelledBeforeSendsNothing) {
  const auto instance = opened(GetParam().identity(DataType::Fp32));
  CancelSource source;
  source.cancel();
  CollectingSink sink;

  const auto done = run(*instance, {{matrix({1}, {1, 1})}, {0}, {}}, sink, source.token());

  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::Cancelled);
  EXPECT_THAT(sink.responses(), IsEmpty());
}

TEST_P(BackendContract, ARunThatIsUnderWayCanBeCancelled) {
  const auto instance = opened(GetParam().slow());
  CancelSource source;
  CollectingSink sink;
  std::promise<pid_t> started;
  std::promise<Result<void>> ended;
  std::thread runner([&] {
    started.set_value(::gettid());
    ended.set_value(run(*instance, GetParam().slow_batch(), sink, source.token()));
  });
  const pid_t id = started.get_future().get();
  while (!is_under_way(runner.native_handle(), id)) {
    std::this_thread::yield();
  }

  source.cancel();
  const auto done = ended.get_future().get();
  runner.join();

  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::Cancelled);
  EXPECT_THAT(sink.responses(), IsEmpty());
}

TEST_P(BackendContract, ATokenThatIsCancelledAfterTheRunChangesNothing) {
  const auto instance = opened(GetParam().identity(DataType::Fp32));
  CancelSource source;
  CollectingSink sink;

  const auto done = run(*instance, {{matrix({1}, {1, 1})}, {0}, {}}, sink, source.token());
  source.cancel();

  EXPECT_TRUE(done);
  EXPECT_THAT(answer(*instance, {{matrix({7}, {1, 1})}, {0}, {}}), SizeIs(1));
}

TEST_P(BackendContract, GivesTheLeaseBackWhenTheInstanceDies) {
  int given_back = 0;
  auto instance = open(GetParam().identity(DataType::Fp32),
                       resource::Lease({}, [&](const resource::Claim&) { ++given_back; }));
  ASSERT_TRUE(instance) << instance.error().message;
  EXPECT_EQ(given_back, 0);

  instance->reset();

  EXPECT_EQ(given_back, 1);
}

TEST_P(BackendContract, SaysWhyAVersionDoesNotOpenAndGivesItsLeaseBack) {
  int given_back = 0;

  const auto instance =
      open(GetParam().broken(), resource::Lease({}, [&](const resource::Claim&) { ++given_back; }));

  ASSERT_FALSE(instance);
  EXPECT_EQ(instance.error().code, Code::InvalidArgument);
  EXPECT_THAT(instance.error().message, HasSubstr(GetParam().broken_because()));
  EXPECT_EQ(given_back, 1);
}

TEST_P(BackendContract, ShrinksWhileRunsAreUnderWay) {
  const auto instance = opened(GetParam().identity(DataType::Fp32));
  std::thread shrinker([&] {
    for (int round = 0; round < 100; ++round) {
      instance->shrink();
    }
  });

  int right = 0;
  for (int round = 0; round < 100; ++round) {
    const auto outputs =
        answer(*instance, {{matrix(std::vector<float>(1000, 3), {1, 1000})}, {0}, {}});
    right +=
        outputs.size() == 1 && values_of<float>(outputs[0]) == std::vector<float>(1000, 3) ? 1 : 0;
  }
  shrinker.join();

  EXPECT_EQ(right, 100);
}

TEST_P(BackendContract, PassesTheGateBetweenItsStepsAndAnswersAsItDoesWhole) {
  const auto instance = opened(GetParam().two_outputs());
  CountingGate gate;
  CollectingSink sink;

  const auto done = wait_for(
      inline_executor(), instance->run_in_steps(two_rows(5, 3, {0, 1}), CancelToken(), sink, gate));

  ASSERT_TRUE(done) << done.error().message;
  const auto whole = answer(*instance, two_rows(5, 3, {0, 1}));
  const auto responses = sink.responses();
  ASSERT_THAT(responses, SizeIs(1));
  ASSERT_THAT(responses[0].outputs, SizeIs(2));
  EXPECT_EQ(responses[0].outputs[0].data.text(), whole[0].data.text());
  EXPECT_EQ(responses[0].outputs[1].data.text(), whole[1].data.text());
  EXPECT_EQ(gate.passed, instance->steps() - 1);
}

INSTANTIATE_TEST_SUITE_P(Adapters,
                         BackendContract,
                         testing::ValuesIn(adapters()),
                         [](const auto& made) { return made.param.name; });

}  // namespace
}  // namespace aion::runtime
