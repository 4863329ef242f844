#include "serving/batch_proof.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>

#include "base/spawn.h"
#include "tests/serving/fake_instance.h"

namespace aion::serving {
namespace {

using Trust = BatchLimit::Trust;

/// `request` is one row of several numbers.
Trust prove(FakeInstance::Model model, const Rows& request) {
  FakeInstance instance(std::move(model));
  runtime::Batch batch;
  batch.inputs = {tensor_of(request)};
  batch.inputs[0].shape = {1, static_cast<std::int64_t>(request.size())};
  batch.outputs = {0};
  return wait_for(inline_executor(), prove_joining(instance, batch, CancelToken()));
}

/// The sum of each row of three numbers.
Result<Rows> sums(const Rows& numbers) {
  Rows out;
  for (std::size_t i = 0; i < numbers.size(); i += 3) {
    out.push_back(numbers[i] + 2 * numbers[i + 1] + 4 * numbers[i + 2]);
  }
  return out;
}

TEST(BatchProof, FindsAModelThatTreatsEachRowByItself) {
  EXPECT_EQ(prove(sums, {1, 2, 3}), Trust::Proved);
}

TEST(BatchProof, AllowsForSumsInAnotherOrder) {
  const auto model = [](const Rows& numbers) {
    auto out = sums(numbers);
    out->front() *= 1.0F + 1e-5F * static_cast<float>(numbers.size());
    return out;
  };

  EXPECT_EQ(prove(model, {1, 2, 3}), Trust::Proved);
}

TEST(BatchProof, FindsAModelWhoseRowsTouchEachOther) {
  const auto model = [](const Rows& numbers) {
    auto out = sums(numbers);
    const float mean =
        std::accumulate(out->begin(), out->end(), 0.0F) / static_cast<float>(out->size());
    for (float& row : *out) {
      row -= mean / 2;
    }
    return out;
  };

  EXPECT_EQ(prove(model, {1, 2, 3}), Trust::Unfit);
}

TEST(BatchProof, FindsAModelThatGivesOneAnswerForAllRows) {
  const auto model = [](const Rows& numbers) -> Result<Rows> {
    return Rows{numbers.front()};
  };

  EXPECT_EQ(prove(model, {1, 2, 3}), Trust::Unfit);
}

TEST(BatchProof, FindsAModelThatRefusesTwoRows) {
  const auto model = [](const Rows& numbers) -> Result<Rows> {
    return numbers.size() > 3 ? Result<Rows>(Error{Code::InvalidArgument, "one row, please"})
                              : sums(numbers);
  };

  EXPECT_EQ(prove(model, {1, 2, 3}), Trust::Unfit);
}

TEST(BatchProof, MakesASecondRowOutOfOneThatReadsTheSameBothWays) {
  const auto mean_of_all = [](const Rows& numbers) -> Result<Rows> {
    const float mean =
        std::accumulate(numbers.begin(), numbers.end(), 0.0F) / static_cast<float>(numbers.size());
    return Rows(numbers.size() / 3, mean);
  };

  EXPECT_EQ(prove(mean_of_all, {0, 0, 0}), Trust::Unfit);
  EXPECT_EQ(prove(sums, {0, 0, 0}), Trust::Proved);
}

TEST(BatchProof, LeavesTheQuestionOpenWhenTheModelRefusesTheSecondRow) {
  const auto model = [](const Rows& numbers) -> Result<Rows> {
    return numbers.front() < 1 ? Result<Rows>(Error{Code::InvalidArgument, "out of range"})
                               : sums(numbers);
  };

  EXPECT_EQ(prove(model, {1, 2, 3}), Trust::Unproved);
}

TEST(BatchProof, FindsAModelThatScalesAllRowsByTheLargest) {
  const auto model = [](const Rows& numbers) {
    const float largest = *std::max_element(numbers.begin(), numbers.end());
    auto out = sums(numbers);
    for (float& row : *out) {
      row /= largest;
    }
    return out;
  };

  EXPECT_EQ(prove(model, {1, 2, 3}), Trust::Unfit);
}

TEST(BatchProof, LeavesTheQuestionOpenWhenTheAnswersShowNothing) {
  const auto constant = [](const Rows& numbers) -> Result<Rows> {
    return Rows(numbers.size() / 3, 1.0F);
  };
  const auto no_number = [](const Rows& numbers) -> Result<Rows> {
    return Rows(numbers.size() / 3, std::numeric_limits<float>::quiet_NaN());
  };

  EXPECT_EQ(prove(constant, {1, 2, 3}), Trust::Unproved);
  EXPECT_EQ(prove(no_number, {1, 2, 3}), Trust::Unproved);
}

TEST(BatchProof, NeedsAnOpenFirstExtentEverywhere) {
  catalog::Signature signature;
  signature.inputs.push_back({"a", tensor::DataType::Fp32, {-1, 3}, false});
  signature.outputs.push_back({"b", tensor::DataType::Fp32, {-1}, false});
  EXPECT_TRUE(has_rows(signature));

  signature.outputs.push_back({"c", tensor::DataType::Fp32, {}, false});
  EXPECT_FALSE(has_rows(signature));
  signature.outputs.pop_back();
  signature.inputs[0].shape = {1, 3};
  EXPECT_FALSE(has_rows(signature));
}

}  // namespace
}  // namespace aion::serving
