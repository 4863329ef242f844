#include "runtime/backend/reshaped.h"

#include <cstring>

#include <gtest/gtest.h>

#include "base/spawn.h"
#include "tests/runtime/backend/collecting_sink.h"

namespace aion::runtime {
namespace {

using catalog::Signature;
using tensor::DataType;
using tensor::Shape;

tensor::Tensor zeros(Shape shape) {
  const auto count = static_cast<std::size_t>(*tensor::element_count(shape));
  auto [buffer, out] = tensor::Buffer::allocate(count * sizeof(float));
  std::memset(out, 0, buffer.bytes);
  return {DataType::Fp32, std::move(shape), std::move(buffer), nullptr};
}

/// Gives its only input back, in the shape that the test wants; knows what it was given.
class Backing final : public Instance {
 public:
  explicit Backing(Signature signature) : signature_(std::move(signature)) {}
  [[nodiscard]] const Signature& signature() const override { return signature_; }
  [[nodiscard]] Task<void> run(Batch batch, CancelToken /*cancel*/, ResponseSink& sink) override {
    given = batch.inputs[0].shape;
    Response response;
    response.outputs.push_back(std::move(batch.inputs[0]));
    if (gives) {
      response.outputs[0].shape = *gives;
    }
    sink.send(std::move(response));
    co_return Result<void>{};
  }
  void shrink() override { ++shrunk; }

  Shape given;
  std::optional<Shape> gives;
  int shrunk = 0;

 private:
  Signature signature_;
};

class ReshapedTest : public testing::Test {
 protected:
  ReshapedTest() {
    outer_.inputs.push_back({"IN", DataType::Fp32, {-1, 6}, false, Shape{-1, 2, 3}});
    outer_.outputs.push_back({"OUT", DataType::Fp32, {-1, 1, 6}, false, Shape{-1, 2, 3}});
    auto backing = std::make_unique<Backing>(inner_signature(outer_));
    backing_ = backing.get();
    instance_ = reshaped(std::move(backing), outer_);
  }

  Result<void> run(Shape shape) {
    Batch batch;
    batch.inputs.push_back(zeros(std::move(shape)));
    batch.outputs = {0};
    return wait_for(inline_executor(), instance_->run(std::move(batch), CancelToken(), sink_));
  }

  Signature outer_;
  Backing* backing_ = nullptr;
  std::unique_ptr<Instance> instance_;
  CollectingSink sink_;
};

TEST_F(ReshapedTest, ShowsClientsTheirShapesAndTheBackendItsOwn) {
  EXPECT_EQ(instance_->signature().inputs[0].shape, (Shape{-1, 6}));
  EXPECT_EQ(backing_->signature().inputs[0].shape, (Shape{-1, 2, 3}));
  EXPECT_FALSE(has_inner_shapes(backing_->signature()));
  EXPECT_TRUE(has_inner_shapes(outer_));
}

TEST_F(ReshapedTest, GivesTheBackendItsShapeAndTheClientTheirs) {
  ASSERT_TRUE(run({5, 6}));

  EXPECT_EQ(backing_->given, (Shape{5, 2, 3}));
  EXPECT_EQ(sink_.responses().at(0).outputs.at(0).shape, (Shape{5, 1, 6}));
}

TEST_F(ReshapedTest, FailsWhereTheBackendGivesAnotherShape) {
  backing_->gives = Shape{5, 3, 2};

  const auto ended = run({5, 6});

  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, Code::Internal);
  EXPECT_EQ(ended.error().message,
            "output 'OUT' came with the shape [5,3,2], its configuration reshapes it from "
            "[-1,2,3]");
  EXPECT_TRUE(sink_.responses().empty());
}

TEST_F(ReshapedTest, PassesOnThatMemoryIsToBeGivenBack) {
  instance_->shrink();

  EXPECT_EQ(backing_->shrunk, 1);
}

}  // namespace
}  // namespace aion::runtime
