#include "graph/shapes.h"

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/memory.h"
#include "graph/read_model.h"
#include "tests/graph/onnx_bytes.h"

namespace aion::graph {
namespace {

using testing::ElementsAre;

Model read(const std::string& graph) {
  const std::string text = model(graph);
  auto made = read_model(std::as_bytes(std::span(text)));
  EXPECT_TRUE(made) << made.error().message;
  return *std::move(made);
}

std::string ints(std::string_view name, std::initializer_list<std::uint64_t> values) {
  std::string attribute = bytes(1, name);
  for (const std::uint64_t value : values) {
    attribute += number(8, value);
  }
  return bytes(5, attribute + number(20, 7));
}

std::string weight(std::string_view name, std::initializer_list<std::uint64_t> shape) {
  std::uint64_t count = 4;
  for (const std::uint64_t extent : shape) {
    count *= extent;
  }
  return bytes(5, tensor(name, 1, shape, std::string(count, 'w')));
}

std::string numbers(std::string_view name, std::initializer_list<std::int64_t> values) {
  std::string raw;
  for (const std::int64_t value : values) {
    for (unsigned shift = 0; shift < 64; shift += 8) {
      raw += static_cast<char>(static_cast<std::uint64_t>(value) >> shift);
    }
  }
  return bytes(5, tensor(name, 7, {values.size()}, raw));
}

TEST(Shapes, FollowConvolutionsAndPoolsThroughStridesAndPads) {
  const Model made = read(
      bytes(11, value("x", {-1, 3, 224, 224})) + weight("w", {8, 3, 3, 3}) +
      bytes(1,
            node("Conv", {"x", "w"}, {"a"}, ints("strides", {2, 2}) + ints("pads", {1, 1, 1, 1}))) +
      bytes(1, node("Relu", {"a"}, {"b"})) +
      bytes(1,
            node("MaxPool", {"b"}, {"c"}, ints("kernel_shape", {2, 2}) + ints("strides", {2, 2}))) +
      bytes(1, node("GlobalAveragePool", {"c"}, {"y"})));

  const KnownValues known = infer_shapes(made, 4);

  EXPECT_THAT(known.at("b").shape, ElementsAre(4, 8, 112, 112));
  EXPECT_THAT(known.at("c").shape, ElementsAre(4, 8, 56, 56));
  EXPECT_THAT(known.at("y").shape, ElementsAre(4, 8, 1, 1));
}

TEST(Shapes, AreComputedWithTheNumbersThatAGraphComputesThemWith) {
  const Model made =
      read(bytes(11, value("x", {-1, 6, 10})) + numbers("zero", {0}) + numbers("rest", {-1}) +
           bytes(1, node("Shape", {"x"}, {"s"})) + bytes(1, node("Gather", {"s", "zero"}, {"n"})) +
           bytes(1, node("Concat", {"n", "rest"}, {"wanted"}, bytes(5, bytes(1, "axis")))) +
           bytes(1, node("Reshape", {"x", "wanted"}, {"y"})));

  EXPECT_THAT(infer_shapes(made, 2).at("y").shape, ElementsAre(2, 60));
}

TEST(Shapes, OfMatricesAndBroadcastsFollowNumpy) {
  const Model made =
      read(bytes(11, value("x", {-1, 5, 64})) + weight("w", {64, 32}) + weight("b", {32}) +
           bytes(1, node("MatMul", {"x", "w"}, {"m"})) + bytes(1, node("Add", {"m", "b"}, {"y"})));

  EXPECT_THAT(infer_shapes(made, 3).at("y").shape, ElementsAre(3, 5, 32));
}

TEST(Shapes, ThatNobodyKnowsAreNotMadeUp) {
  const Model made = read(bytes(11, value("x", {2, 3})) + bytes(1, node("Mystery", {"x"}, {"y"})) +
                          bytes(1, node("Relu", {"y"}, {"z"})) + weight("w", {4, 4}) +
                          bytes(1, node("Add", {"x", "w"}, {"odd"})));

  const KnownValues known = infer_shapes(made, 1);

  EXPECT_FALSE(known.contains("y"));
  EXPECT_FALSE(known.contains("z"));
  EXPECT_FALSE(known.contains("odd"));
}

TEST(Shapes, WithHostileNumbersAreUnknownAndNotUndefined) {
  const std::uint64_t most = ~std::uint64_t{0} >> 1U;
  const Model made =
      read(bytes(11, value("x", {1, 1, 8, 8})) + weight("w", {1, 1, 3, 3}) +
           numbers("huge", {INT64_MAX, INT64_MAX, INT64_MIN}) +
           bytes(1, node("Conv", {"x", "w"}, {"a"}, ints("strides", {0, 0}))) +
           bytes(1, node("Conv", {"x", "w"}, {"b"}, ints("pads", {most, most, most, most}))) +
           bytes(1, node("Reshape", {"x", "huge"}, {"c"})) +
           bytes(1, node("Expand", {"x", "huge"}, {"d"})) +
           bytes(1, node("Transpose", {"x"}, {"e"}, ints("perm", {9, 9, 9, 9}))) +
           bytes(1, node("Mul", {"huge", "huge"}, {"f"})) +
           bytes(1, node("Slice", {"x", "huge", "huge"}, {"g"})) +
           bytes(1, node("Squeeze", {"x", "huge"}, {"h"})) +
           bytes(1, node("Unsqueeze", {"x", "huge"}, {"i"})) +
           bytes(1, node("Pad", {"x", "huge"}, {"j"})));

  const KnownValues known = infer_shapes(made, 1);

  for (const char* const name : {"a", "b", "c", "d", "e", "h", "i", "j"}) {
    EXPECT_FALSE(known.contains(name)) << name;
  }
  EXPECT_EQ(bytes_of(known.at("g")).count, 0U);
  EXPECT_TRUE(known.at("f").integers.empty());
}

TEST(ActivationPeak, CountsWhatIsAliveAtTheSameTime) {
  // x -> a -> b -> y in a row: two of 400 bytes at once.
  const Model chain =
      read(bytes(11, value("x", {-1, 100})) + bytes(12, value("y", {-1, 100})) +
           bytes(1, node("Relu", {"x"}, {"a"})) + bytes(1, node("Tanh", {"a"}, {"b"})) +
           bytes(1, node("Relu", {"b"}, {"y"})));
  // a lives until the end.
  const Model skip =
      read(bytes(11, value("x", {-1, 100})) + bytes(12, value("y", {-1, 100})) +
           bytes(1, node("Relu", {"x"}, {"a"})) + bytes(1, node("Tanh", {"a"}, {"b"})) +
           bytes(1, node("Add", {"a", "b"}, {"y"})));

  EXPECT_EQ(activation_peak(chain, 1).count, 800U);
  EXPECT_EQ(activation_peak(chain, 3).count, 2400U);
  EXPECT_EQ(activation_peak(skip, 1).count, 1200U);
}

TEST(ActivationPeak, TakesTheLargestInputForAValueThatNobodyKnows) {
  const Model made =
      read(bytes(11, value("x", {1, 100})) + bytes(1, node("Relu", {"x"}, {"a"})) +
           bytes(1, node("Mystery", {"a"}, {"b"})) + bytes(1, node("Mystery", {"b"}, {"c"})));

  EXPECT_EQ(activation_peak(made, 1).count, 800U);
}

}  // namespace
}  // namespace aion::graph
