#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/runtime/backend/counting_gate.h"
#include "tests/runtime/backend/onnx_fixture.h"

namespace aion::runtime {
namespace {

using testing::HasSubstr;

class OnnxSteps : public OnnxTest {
 protected:
  /// Four dense layers, each longer than the step that is asked for.
  static catalog::ModelVersion layers(const std::string& step_ms) {
    auto version = made("mlpl");
    if (!step_ms.empty()) {
      version.parameters["step_ms"] = step_ms;
    }
    return version;
  }

  static Batch rows(std::size_t count) {
    std::vector<float> values(count * 64);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(i % 17) / 17.0F - 0.5F;
    }
    Batch batch;
    batch.inputs.push_back(floats(values));
    batch.inputs.front().shape = {static_cast<std::int64_t>(count), 64};
    batch.outputs = {0};
    return batch;
  }

  static Result<std::string> output_of(Instance& instance, Batch batch, StepGate& gate) {
    CollectingSink sink;
    AION_TRY_VOID(wait_for(inline_executor(),
                           instance.run_in_steps(std::move(batch), CancelToken(), sink, gate)));
    return std::string(sink.responses().front().outputs.front().data.text());
  }
};

TEST_F(OnnxSteps, GivesTheOutputsOfTheWholeBitByBit) {
  const auto whole = opened(layers(""));
  const auto cut = opened(layers("0.01"));
  ASSERT_GT(cut->steps(), 1);
  for (const std::size_t count : {1U, 5U}) {
    CountingGate of_whole;
    CountingGate of_cut;

    const auto expected = output_of(*whole, rows(count), of_whole);
    const auto came = output_of(*cut, rows(count), of_cut);

    ASSERT_TRUE(expected && came);
    EXPECT_EQ(*came, *expected) << count;
    EXPECT_EQ(of_whole.passed, 0);
    EXPECT_EQ(of_cut.passed, cut->steps() - 1);
  }
}

TEST_F(OnnxSteps, EndsAtTheNextStepWhenItIsCancelledBetweenTwo) {
  const auto cut = opened(layers("0.01"));
  CancelSource source;
  CountingGate gate;
  gate.during = [&source] {
    source.cancel();
  };
  CollectingSink sink;

  const auto ended =
      wait_for(inline_executor(), cut->run_in_steps(rows(1), source.token(), sink, gate));

  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, Code::Cancelled);
  EXPECT_EQ(gate.passed, 1);
}

TEST_F(OnnxSteps, LeavesAModelWholeThatIsShorterThanAStep) {
  EXPECT_EQ(opened(layers("10000"))->steps(), 1);
}

TEST_F(OnnxSteps, NamesAStepThatIsNone) {
  for (const std::string wrong : {"", "fast", "0", "1e9", "nan"}) {
    auto version = made("mlpl");
    version.parameters["step_ms"] = wrong;

    EXPECT_THAT(refusal(std::move(version)).message,
                HasSubstr("parameter 'step_ms' is '" + wrong +
                          "', expected a number of milliseconds from 0.01 to 10000"));
  }
}

}  // namespace
}  // namespace aion::runtime
