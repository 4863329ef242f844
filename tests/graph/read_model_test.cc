#include "graph/read_model.h"

#include <filesystem>
#include <span>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/graph/onnx_bytes.h"
#include "tests/temporary_folder.h"

namespace aion::graph {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

std::span<const std::byte> memory(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::filesystem::path model_file(const std::string& name) {
  return std::filesystem::path(AION_TEST_MODELS) / name / "1" / "model.onnx";
}

TEST(ReadModel, TellsNodesWeightsAndShapesOfAFileThatAnExporterWrote) {
  const auto read = read_model(model_file("mlp"));

  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->opsets.at(""), 17);
  ASSERT_THAT(read->graph.inputs, SizeIs(1));
  EXPECT_EQ(read->graph.inputs[0].name, "x");
  EXPECT_THAT(*read->graph.inputs[0].shape, ElementsAre(-1, testing::Gt(0)));
  EXPECT_EQ(read->graph.inputs[0].symbols[0], "n");
  EXPECT_EQ(read->graph.nodes[0].op, "Gemm");
  EXPECT_THAT(read->graph.nodes[0].inputs, ElementsAre("x", "w0", "b0"));
  std::uint64_t weights = 0;
  for (const Constant& weight : read->graph.initialisers) {
    std::uint64_t count = 1;
    for (const std::int64_t extent : weight.shape) {
      count *= static_cast<std::uint64_t>(extent);
    }
    EXPECT_EQ(weight.bytes.count, count * 4);
    weights += weight.bytes.count;
  }
  EXPECT_EQ(read->constants().count, weights);
  EXPECT_EQ(read->file.count, std::filesystem::file_size(model_file("mlp")));
}

TEST(ReadModel, FindsTheSameInMemoryAsInAFileOfManyWindows) {
  const std::string weight(300'000, 'w');
  const std::string text =
      model(bytes(5, tensor("w", 1, {75'000}, weight)) + bytes(1, node("Add", {"x", "w"}, {"y"})) +
            bytes(11, value("x", {-1, 75'000})));
  const TemporaryFolder folder;

  const auto from_memory = read_model(memory(text));
  const auto from_file = read_model(folder.write("m.onnx", text));

  ASSERT_TRUE(from_memory) << from_memory.error().message;
  ASSERT_TRUE(from_file) << from_file.error().message;
  EXPECT_EQ(from_memory->constants().count, 300'000U);
  EXPECT_EQ(from_file->constants().count, 300'000U);
  const FileRange range = from_file->graph.nodes[0].range;
  EXPECT_EQ(text.substr(range.offset, range.size), node("Add", {"x", "w"}, {"y"}));
  EXPECT_EQ(from_file->graph_range.offset, from_memory->graph_range.offset);
}

TEST(ReadModel, KeepsTheFewNumbersThatShapesAreMadeOf) {
  const std::string minus_one("\xff\xff\xff\xff\xff\xff\xff\xff", 8);
  const std::string two("\x02\0\0\0\0\0\0\0", 8);
  const std::string listed =
      number(1, 2) + number(2, 6) + bytes(8, "listed") + bytes(5, varint(7) + varint(9));
  const auto read = read_model(
      memory(model(bytes(5, tensor("shape", 7, {2}, minus_one + two)) + bytes(5, listed))));

  ASSERT_TRUE(read) << read.error().message;
  EXPECT_THAT(read->graph.initialisers[0].integers, ElementsAre(-1, 2));
  EXPECT_THAT(read->graph.initialisers[1].integers, ElementsAre(7, 9));
}

TEST(ReadModel, CountsWeightsThatLieInAnotherFile) {
  const std::string elsewhere = number(1, 1000) + number(2, 1) + bytes(8, "w") + number(14, 1) +
                                bytes(13, bytes(1, "location"));
  const auto read = read_model(memory(model(bytes(5, elsewhere))));

  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(read->graph.initialisers[0].is_external);
  EXPECT_EQ(read->constants().count, 4000U);
}

TEST(ReadModel, CountsConstantsInsideBodies) {
  const std::string body = bytes(5, tensor("inner", 1, {1}, "1234"));
  const std::string branch = bytes(1, "then_branch") + bytes(6, body);
  const auto read = read_model(memory(model(bytes(1, node("If", {"c"}, {"y"}, bytes(5, branch))))));

  ASSERT_TRUE(read) << read.error().message;
  ASSERT_NE(read->graph.nodes[0].attribute("then_branch"), nullptr);
  EXPECT_EQ(read->constants().count, 4U);
}

TEST(ReadModel, RefusesATensorWhoseBytesAreNotThoseOfItsShape) {
  const auto read = read_model(memory(model(bytes(5, tensor("w", 1, {2}, "1234")))));

  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::InvalidArgument);
  EXPECT_THAT(read.error().message, HasSubstr("tensor 'w' holds 4 bytes"));
}

TEST(ReadModel, RefusesExtentsWhoseProductIsMoreThanThereIs) {
  const auto huge =
      read_model(memory(model(bytes(5, tensor("w", 1, {1ULL << 40U, 1ULL << 40U}, "")))));
  const auto negative =
      read_model(memory(model(bytes(5, tensor("w", 1, {~std::uint64_t{0}}, "")))));

  EXPECT_FALSE(huge);
  EXPECT_FALSE(negative);
}

TEST(ReadModel, TakesATensorWithoutElementsOfATypeThatNobodyKnows) {
  EXPECT_TRUE(read_model(memory(model(bytes(5, tensor("w", 99, {0}, ""))))));
  EXPECT_FALSE(read_model(memory(model(bytes(5, tensor("w", 99, {1}, ""))))));
}

TEST(ReadModel, RefusesAFileThatIsCutOffAnywhere) {
  const std::string whole =
      model(bytes(5, tensor("w", 1, {2}, "12345678")) + bytes(1, node("Add", {"x", "w"}, {"y"})));
  ASSERT_TRUE(read_model(memory(whole)));
  const std::size_t graph_begins = whole.find(bytes(5, tensor("w", 1, {2}, "12345678")));

  for (std::size_t size = graph_begins; size < whole.size(); ++size) {
    EXPECT_FALSE(read_model(memory(whole).first(size))) << size;
  }
}

TEST(ReadModel, RefusesBodiesThatLieDeeperThanTheLimit) {
  std::string graph;
  for (int i = 0; i < 40; ++i) {
    graph = bytes(1, node("If", {}, {}, bytes(5, bytes(6, graph))));
  }
  const auto read = read_model(memory(model(graph)));

  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::ResourceExhausted);
}

TEST(ReadModel, RefusesAGraphThatTakesMoreThanTheLimit) {
  std::string graph;
  for (int i = 0; i < 1000; ++i) {
    graph += bytes(1, node("Relu", {"x"}, {"y"}));
  }
  const auto read = read_model(memory(model(graph)), {.kept = Bytes{10'000}});

  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::ResourceExhausted);
  EXPECT_TRUE(read_model(memory(model(graph))));
}

TEST(ReadModel, SaysWhatIsWrongWithWhatIsNoModel) {
  const TemporaryFolder folder;

  EXPECT_EQ(read_model(folder.path() / "none.onnx").error().code, Code::NotFound);
  EXPECT_EQ(read_model(folder.path()).error().code, Code::InvalidArgument);
  EXPECT_THAT(read_model(folder.write("empty.onnx", "")).error().message,
              HasSubstr("it has no graph"));
  EXPECT_THAT(read_model(folder.write("text.onnx", "hello")).error().message,
              HasSubstr("is no ONNX model"));
}

}  // namespace
}  // namespace aion::graph
