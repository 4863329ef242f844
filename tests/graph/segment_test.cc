#include "graph/segment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/read_model.h"
#include "tests/graph/onnx_bytes.h"

namespace aion::graph {
namespace {

using testing::ElementsAre;

/// x -> Gemm(w0) -> a -> Relu -> b, c; Add(b, c) -> d; Gemm(w1) -> y. `x` is used at the end, too.
std::string branching() {
  std::string graph;
  graph += bytes(1, node("MatMul", {"x", "w0"}, {"a"}));
  graph += bytes(1, node("Relu", {"a"}, {"b"}));
  graph += bytes(1, node("Neg", {"a"}, {"c"}));
  graph += bytes(1, node("Add", {"b", "c"}, {"d"}));
  graph += bytes(1, node("MatMul", {"d", "w1"}, {"e"}));
  graph += bytes(1, node("Add", {"e", "x"}, {"y"}));
  graph += bytes(2, "branching");
  graph += bytes(5, tensor("w0", 1, {1, 1}, std::string(4, 0)));
  graph += bytes(5, tensor("w1", 1, {1, 1}, std::string(4, 0)));
  graph += bytes(11, value("x", {1, 1}));
  graph += bytes(12, value("y", {1, 1}));
  return number(1, 8) + bytes(8, bytes(1, "") + number(2, 17)) + bytes(7, graph);
}

Result<Model> read(const std::string& file) {
  return read_model(std::as_bytes(std::span(file)));
}

TEST(Segment, FindsThePlacesWhereFewValuesCross) {
  const std::string file = branching();
  const auto model = read(file);
  ASSERT_TRUE(model) << model.error().message;

  std::vector<std::size_t> nodes;
  for (const Cut& cut : cuts_of(*model, 1)) {
    nodes.push_back(cut.node);
  }

  EXPECT_THAT(nodes, ElementsAre(1, 4, 5));
  EXPECT_EQ(cuts_of(*model, 2).size(), 5);
}

TEST(Segment, IsAModelWithItsOwnConstantsAlone) {
  const std::string file = branching();
  const auto model = read(file);
  ASSERT_TRUE(model) << model.error().message;

  const auto first = segment_of(*model, file, {0, 4});
  ASSERT_TRUE(first) << first.error().message;
  const auto part = read(first->onnx);

  ASSERT_TRUE(part) << part.error().message;
  EXPECT_THAT(first->inputs, ElementsAre("x"));
  EXPECT_THAT(first->outputs, ElementsAre("d"));
  EXPECT_EQ(part->graph.nodes.size(), 4);
  ASSERT_EQ(part->graph.initialisers.size(), 1);
  EXPECT_EQ(part->graph.initialisers[0].name, "w0");
  EXPECT_EQ(part->opsets, model->opsets);
  EXPECT_EQ(part->ir_version, 8);
}

TEST(Segment, TakesInputsOfTheWholeAndOfPartsBefore) {
  const std::string file = branching();
  const auto model = read(file);
  ASSERT_TRUE(model) << model.error().message;

  const auto last = segment_of(*model, file, {4, 6}, {{"d", ElementType::Float}});
  ASSERT_TRUE(last) << last.error().message;
  const auto part = read(last->onnx);

  ASSERT_TRUE(part) << part.error().message;
  EXPECT_THAT(last->inputs, ElementsAre("d", "x"));
  EXPECT_THAT(last->outputs, ElementsAre("y"));
  ASSERT_EQ(part->graph.inputs.size(), 2);
  EXPECT_EQ(part->graph.inputs[0].type, ElementType::Float);
}

TEST(Segment, NeedsTheTypeOfWhatComesFromAnotherPart) {
  const std::string file = branching();
  const auto model = read(file);
  ASSERT_TRUE(model) << model.error().message;

  const auto last = segment_of(*model, file, {4, 6});

  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().message, "the type of 'd' is not known");
}

}  // namespace
}  // namespace aion::graph
