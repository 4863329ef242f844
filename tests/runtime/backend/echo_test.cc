#include "runtime/backend/echo.h"

#include <chrono>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/manual_clock.h"
#include "base/spawn.h"
#include "tests/runtime/backend/collecting_sink.h"

namespace aion::runtime {
namespace {

using std::chrono::milliseconds;
using tensor::DataType;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class EchoTest : public testing::Test {
 protected:
  Result<std::unique_ptr<Instance>> open(catalog::ModelVersion version) {
    return wait_for(inline_executor(), backend_->open(std::move(version), resource::Lease()));
  }

  /// Opens what must open.
  std::unique_ptr<Instance> opened(catalog::ModelVersion version) {
    auto instance = open(std::move(version));
    EXPECT_TRUE(instance) << instance.error().message;
    return *std::move(instance);
  }

  Awaitable<void> run_to_end(Instance& instance, Batch batch) {
    outcome_ = co_await instance.run(std::move(batch), source_.token(), sink_);
  }

  /// Begins a run; outcome_ is set when it has ended.
  void run(Instance& instance, Batch batch) {
    spawn(inline_executor(), run_to_end(instance, std::move(batch)));
  }

  static catalog::ModelVersion repeat() {
    catalog::ModelVersion version;
    version.is_decoupled = true;
    version.parameters["mode"] = "repeat";
    return version;
  }

  static Batch repeat_batch(const std::vector<std::int32_t>& in,
                            const std::vector<std::uint32_t>& delay,
                            std::uint32_t wait) {
    return {{make_tensor(DataType::Int32, in),
             make_tensor(DataType::Uint32, delay),
             make_tensor(DataType::Uint32, std::vector{wait})},
            {0, 1},
            {}};
  }

  ManualClock clock_;
  std::unique_ptr<Backend> backend_ = make_echo(clock_);
  CancelSource source_;
  CollectingSink sink_;
  std::optional<Result<void>> outcome_;
};

TEST_F(EchoTest, AnswersWithTheSameMemoryByPosition) {
  catalog::ModelVersion version;
  version.signature.inputs = {{"A", DataType::Fp32, {-1}}, {"B", DataType::Bytes, {-1}}};
  version.signature.outputs = {{"C", DataType::Fp32, {-1}}, {"D", DataType::Bytes, {-1}}};
  const auto instance = opened(version);
  const std::vector<std::string_view> texts{"one", ""};

  run(*instance, {{floats({1.5F, 2.5F}), tensor::bytes_from_values(texts, {2})}, {1, 0}, {}});

  ASSERT_TRUE(outcome_ && *outcome_);
  ASSERT_THAT(sink_.responses(), SizeIs(1));
  const Response answer = sink_.responses()[0];
  EXPECT_EQ(answer.outputs[0].bytes_at(0), "one");
  EXPECT_THAT(values_of<float>(answer.outputs[1]), ElementsAre(1.5F, 2.5F));
}

TEST_F(EchoTest, HasASignatureWhenTheVersionGivesNone) {
  const auto instance = opened({});

  const auto& signature = instance->signature();
  ASSERT_THAT(signature.inputs, SizeIs(1));
  EXPECT_EQ(signature.inputs[0].name, "INPUT0");
  EXPECT_EQ(signature.inputs[0].dtype, DataType::Fp32);
  ASSERT_THAT(signature.outputs, SizeIs(1));
  EXPECT_EQ(signature.outputs[0].name, "OUTPUT0");
}

TEST_F(EchoTest, NeedsNoSlotOfTheDevice) {
  const auto needed = backend_->estimate({});

  ASSERT_TRUE(needed);
  EXPECT_EQ(needed->held.cores, 0);
}

TEST_F(EchoTest, RefusesAnUnknownMode) {
  catalog::ModelVersion version;
  version.parameters["mode"] = "shout";

  const auto instance = open(version);

  ASSERT_FALSE(instance);
  EXPECT_EQ(instance.error().code, Code::InvalidArgument);
  EXPECT_EQ(instance.error().message,
            "parameter 'mode': expected identity, delay or repeat, got 'shout'");
}

TEST_F(EchoTest, RefusesASignatureThatCannotBeEchoed) {
  catalog::ModelVersion version;
  version.signature.inputs = {{"A", DataType::Fp32, {-1}}};
  version.signature.outputs = {{"B", DataType::Int32, {-1}}};

  const auto instance = open(version);

  ASSERT_FALSE(instance);
  EXPECT_EQ(instance.error().code, Code::InvalidArgument);
  EXPECT_THAT(instance.error().message, HasSubstr("'B' INT32 [-1]"));
}

TEST_F(EchoTest, RefusesSignaturesOfUnequalLength) {
  catalog::ModelVersion version;
  version.signature.inputs = {{"A", DataType::Fp32, {-1}}};

  const auto instance = open(version);

  ASSERT_FALSE(instance);
  EXPECT_THAT(instance.error().message, HasSubstr("got 1 inputs and 0 outputs"));
}

TEST_F(EchoTest, DelayAnswersWhenTheTimeHasCome) {
  catalog::ModelVersion version;
  version.parameters = {{"mode", "delay"}, {"delay_ms", "20"}};
  const auto instance = opened(version);

  run(*instance, {{floats({1})}, {0}, {}});
  clock_.advance(milliseconds(19));
  EXPECT_FALSE(outcome_);
  clock_.advance(milliseconds(1));

  ASSERT_TRUE(outcome_ && *outcome_);
  EXPECT_THAT(sink_.responses(), SizeIs(1));
}

TEST_F(EchoTest, DelayOfTheRequestWinsOverTheVersions) {
  catalog::ModelVersion version;
  version.parameters = {{"mode", "delay"}, {"delay_ms", "20"}};
  const auto instance = opened(version);

  run(*instance, {{floats({1})}, {0}, {{"delay_ms", std::int64_t{5}}}});
  clock_.advance(milliseconds(5));

  EXPECT_TRUE(outcome_ && *outcome_);
}

TEST_F(EchoTest, DelayEndsAtOnceWhenItIsCancelled) {
  catalog::ModelVersion version;
  version.parameters = {{"mode", "delay"}, {"delay_ms", "20"}};
  const auto instance = opened(version);

  run(*instance, {{floats({1})}, {0}, {}});
  source_.cancel();

  ASSERT_TRUE(outcome_ && !*outcome_);
  EXPECT_EQ(outcome_->error().code, Code::Cancelled);
  EXPECT_THAT(sink_.responses(), IsEmpty());
}

TEST_F(EchoTest, DelayRefusesWhatIsNoNumberOfMilliseconds) {
  catalog::ModelVersion version;
  version.parameters["mode"] = "delay";
  const auto instance = opened(version);

  run(*instance, {{floats({1})}, {0}, {{"delay_ms", std::string("soon")}}});

  ASSERT_TRUE(outcome_ && !*outcome_);
  EXPECT_EQ(outcome_->error().code, Code::InvalidArgument);
  EXPECT_EQ(
      outcome_->error().message,
      "parameter 'delay_ms': expected a number of milliseconds from 0 to 3600000, got 'soon'");
}

TEST_F(EchoTest, DelayRefusesANegativeOneWhenItOpens) {
  catalog::ModelVersion version;
  version.parameters = {{"mode", "delay"}, {"delay_ms", "-1"}};

  const auto instance = open(version);

  ASSERT_FALSE(instance);
  EXPECT_EQ(instance.error().code, Code::InvalidArgument);
}

TEST_F(EchoTest, RepeatSendsEachElementAfterItsDelay) {
  const auto instance = opened(repeat());

  run(*instance, repeat_batch({7, 8}, {10, 5}, 0));
  clock_.advance(milliseconds(10));
  EXPECT_THAT(sink_.responses(), SizeIs(1));
  EXPECT_FALSE(outcome_);
  clock_.advance(milliseconds(5));

  ASSERT_TRUE(outcome_ && *outcome_);
  ASSERT_THAT(sink_.responses(), SizeIs(2));
  EXPECT_THAT(values_of<std::int32_t>(sink_.responses()[1].outputs[0]), ElementsAre(8));
  EXPECT_THAT(values_of<std::uint32_t>(sink_.responses()[1].outputs[1]), ElementsAre(1U));
}

TEST_F(EchoTest, RepeatEndsNotBeforeItsWait) {
  const auto instance = opened(repeat());

  run(*instance, repeat_batch({7}, {0}, 30));
  EXPECT_THAT(sink_.responses(), SizeIs(1));
  EXPECT_FALSE(outcome_);
  clock_.advance(milliseconds(30));

  EXPECT_TRUE(outcome_ && *outcome_);
}

TEST_F(EchoTest, RepeatOfNothingHasNoResponse) {
  const auto instance = opened(repeat());

  run(*instance, repeat_batch({}, {}, 0));

  EXPECT_TRUE(outcome_ && *outcome_);
  EXPECT_THAT(sink_.responses(), IsEmpty());
}

TEST_F(EchoTest, RepeatStopsBetweenResponsesWhenItIsCancelled) {
  const auto instance = opened(repeat());

  run(*instance, repeat_batch({7, 8}, {0, 10}, 0));
  source_.cancel();

  ASSERT_TRUE(outcome_ && !*outcome_);
  EXPECT_EQ(outcome_->error().code, Code::Cancelled);
  EXPECT_THAT(sink_.responses(), SizeIs(1));
}

TEST_F(EchoTest, RepeatRefusesDelaysThatDoNotMatch) {
  const auto instance = opened(repeat());

  run(*instance, repeat_batch({7, 8}, {0}, 0));

  ASSERT_TRUE(outcome_ && !*outcome_);
  EXPECT_EQ(outcome_->error().code, Code::InvalidArgument);
  EXPECT_EQ(outcome_->error().message,
            "input 'DELAY': expected one element for each of the 2 of 'IN', got 1");
}

TEST_F(EchoTest, RepeatMustBeDecoupled) {
  catalog::ModelVersion version = repeat();
  version.is_decoupled = false;

  const auto instance = open(version);

  ASSERT_FALSE(instance);
  EXPECT_THAT(instance.error().message, HasSubstr("must be decoupled"));
}

TEST_F(EchoTest, RepeatRefusesAnotherSignature) {
  catalog::ModelVersion version = repeat();
  version.signature.inputs = {{"IN", DataType::Fp32, {-1}},
                              {"DELAY", DataType::Uint32, {-1}},
                              {"WAIT", DataType::Uint32, {1}}};
  version.signature.outputs = {{"OUT", DataType::Int32, {1}}, {"IDX", DataType::Uint32, {1}}};

  const auto instance = open(version);

  ASSERT_FALSE(instance);
  EXPECT_EQ(instance.error().message,
            "echo mode 'repeat', inputs: expected 'IN' INT32 [-1], got 'IN' FP32 [-1]");
}

}  // namespace
}  // namespace aion::runtime
