#include <array>
#include <cmath>
#include <fstream>
#include <limits>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/runtime/backend/onnx_fixture.h"

namespace aion::runtime {
namespace {

using tensor::DataType;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class OnnxRun : public OnnxTest {};

const Message kFloats = tensor_type(Element::Float, {-1});
constexpr std::size_t kMebi = 1U << 20U;

tensor::Tensor row(const std::vector<std::int32_t>& values) {
  auto tensor = make_tensor(DataType::Int32, values);
  tensor.shape = {1, static_cast<std::int64_t>(values.size())};
  return tensor;
}

tensor::Tensor whole(std::int64_t value) {
  return make_tensor(DataType::Int64, std::vector{value});
}

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  file >> total >> resident;
  return resident * 4096;
}

TEST_F(OnnxRun, AnswersWithTheWantedOutputsInTheWantedOrder) {
  const auto instance = opened(made("simple"));
  const auto ten = row(std::vector<std::int32_t>(16, 10));
  const auto three = row(std::vector<std::int32_t>(16, 3));

  const Response both = answer(*instance, {{ten, three}, {1, 0}, {}});
  const Response sum = answer(*instance, {{ten, three}, {0}, {}});

  ASSERT_THAT(both.outputs, SizeIs(2));
  EXPECT_THAT(values_of<std::int32_t>(both.outputs[0]), Each(7));
  EXPECT_THAT(values_of<std::int32_t>(both.outputs[1]), Each(13));
  ASSERT_THAT(sum.outputs, SizeIs(1));
  EXPECT_THAT(values_of<std::int32_t>(sum.outputs[0]), Each(13));
  EXPECT_THAT(sum.outputs[0].shape, ElementsAre(1, 16));
}

TEST_F(OnnxRun, GivesTheSameOutputTwiceWhenItIsWantedTwice) {
  const auto instance = opened(made("simple"));
  const auto ten = row(std::vector<std::int32_t>(16, 10));

  const Response twice = answer(*instance, {{ten, ten}, {0, 0}, {}});

  ASSERT_THAT(twice.outputs, SizeIs(2));
  EXPECT_THAT(values_of<std::int32_t>(twice.outputs[0]), Each(20));
  EXPECT_THAT(values_of<std::int32_t>(twice.outputs[1]), Each(20));
}

TEST_F(OnnxRun, FeedsByTheOrderOfTheConfiguration) {
  auto version = made("simple");
  version.signature.inputs = {{"INPUT1", DataType::Int32, {-1, 16}},
                              {"INPUT0", DataType::Int32, {-1, 16}}};
  const auto instance = opened(version);

  const Response difference = answer(
      *instance,
      {{row(std::vector<std::int32_t>(16, 3)), row(std::vector<std::int32_t>(16, 10))}, {1}, {}});

  EXPECT_THAT(values_of<std::int32_t>(difference.outputs[0]), Each(7));
}

TEST_F(OnnxRun, AnswersAScalarWithAScalar) {
  const auto instance = opened(made("scalar"));
  auto x = floats({1.5F});
  x.shape = {};

  const Response response = answer(*instance, {{x}, {0}, {}});

  EXPECT_TRUE(response.outputs[0].shape.empty());
  EXPECT_THAT(values_of<float>(response.outputs[0]), ElementsAre(3.0F));
}

TEST_F(OnnxRun, PassesOnNumbersThatAreNotFinite) {
  const auto instance = opened(made("nonfinite"));

  const Response response = answer(*instance, {{floats({0, -1})}, {0, 1}, {}});

  const auto log = values_of<float>(response.outputs[0]);
  EXPECT_EQ(log[0], -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(log[1]));
  EXPECT_THAT(values_of<float>(response.outputs[1]),
              ElementsAre(std::numeric_limits<float>::infinity(), -1.0F));
}

TEST_F(OnnxRun, ReadsInputsThatAreNotAligned) {
  const auto instance = opened(made("identity_fp64"));
  const std::array<double, 2> values = {1.25, -7.5};
  auto [buffer, data] = tensor::Buffer::allocate(sizeof(values) + 1);
  std::memcpy(data + 1, values.data(), sizeof(values));
  buffer.data = data + 1;
  buffer.bytes = sizeof(values);

  const Response response =
      answer(*instance, {{{DataType::Fp64, {1, 2}, buffer, nullptr}}, {0}, {}});

  EXPECT_THAT(values_of<double>(response.outputs[0]), ElementsAre(1.25, -7.5));
}

TEST_F(OnnxRun, CarriesStringsWithZerosInThem) {
  const auto instance = opened(made("identity_bytes"));
  const std::vector<std::string_view> values = {std::string_view("a\0b", 3), ""};

  const Response response =
      answer(*instance, {{tensor::bytes_from_values(values, {1, 2})}, {0}, {}});

  EXPECT_EQ(response.outputs[0].bytes_at(0), std::string_view("a\0b", 3));
  EXPECT_EQ(response.outputs[0].bytes_at(1), "");
}

TEST_F(OnnxRun, OutputsThatAreConstantsOfTheModelOutliveIt) {
  auto instance = opened(written(OnnxModel()
                                     .input("x", kFloats)
                                     .output("y", kFloats)
                                     .output("labels", tensor_type(Element::Float, {3}))
                                     .node("Neg", {"x"}, "y")
                                     .constant("labels", {4, 5, 6})));

  const Response response = answer(*instance, {{floats({1})}, {1}, {}});
  instance.reset();
  backend_.reset();

  EXPECT_THAT(values_of<float>(response.outputs[0]), ElementsAre(4, 5, 6));
}

TEST_F(OnnxRun, AnOutputThatIsAnInputKeepsTheRequestsMemory) {
  const auto instance = opened(written(OnnxModel()
                                           .input("x", kFloats)
                                           .output("x", kFloats)
                                           .output("y", kFloats)
                                           .node("Neg", {"x"}, "y")));
  auto x = floats({1, 2, 3});
  const std::byte* const address = x.data.data;
  const std::weak_ptr<const void> memory = x.data.owner;

  Response response = answer(*instance, {{std::move(x)}, {0}, {}});

  EXPECT_EQ(response.outputs[0].data.data, address);
  EXPECT_THAT(values_of<float>(response.outputs[0]), ElementsAre(1, 2, 3));
  response = {};
  EXPECT_TRUE(memory.expired());
}

TEST_F(OnnxRun, DoesNotKeepTheMemoryOfARequestThatWasAnswered) {
  const auto instance = opened(made("mlp"));
  auto x = floats(std::vector<float>(64, 1));
  x.shape = {1, 64};
  const std::weak_ptr<const void> memory = x.data.owner;

  const Response response = answer(*instance, {{std::move(x)}, {0}, {}});

  EXPECT_TRUE(memory.expired());
}

TEST_F(OnnxRun, NamesTheInputThatIsMissing) {
  const auto instance = opened(made("simple"));

  const auto response =
      run(*instance, {{row(std::vector<std::int32_t>(16, 1)), tensor::Tensor()}, {0}, {}});

  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::InvalidArgument);
  EXPECT_EQ(response.error().message, "input 'INPUT1': missing; the model needs it");
}

TEST_F(OnnxRun, RefusesATensorWhoseMemoryIsTooSmallForItsShape) {
  const auto instance = opened(made("mlp"));
  auto x = floats({1, 2});
  x.shape = {1, 64};

  const auto response = run(*instance, {{x}, {0}, {}});

  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::InvalidArgument);
  EXPECT_THAT(response.error().message, HasSubstr("input 'x'"));
}

TEST_F(OnnxRun, SaysThatThereIsNoMemoryForWhatARequestNeeds) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's allocator ends the process where the real one throws";
#endif
  const auto instance = opened(made("bigactivation"));

  const auto response = run(*instance, {{whole(std::int64_t{1} << 45U)}, {1}, {}});

  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::ResourceExhausted);
}

TEST_F(OnnxRun, GivesTheMemoryOfALargeRequestBack) {
  const auto instance = opened(made("bigactivation"));
  answer(*instance, {{whole(1)}, {1}, {}});
  const std::size_t before = resident_bytes();
  answer(*instance, {{whole(65536)}, {1}, {}});  // 256 MiB between its nodes
  const std::size_t held = resident_bytes();

  instance->shrink();

  EXPECT_GT(held, before + 200 * kMebi);
  EXPECT_LT(resident_bytes(), before + 24 * kMebi);
}

TEST_F(OnnxRun, ShrinksWhileRunsAreUnderWay) {
  const auto instance = opened(made("bigactivation"));
  std::thread shrinker([&] {
    for (int round = 0; round < 100; ++round) {
      instance->shrink();
    }
  });

  std::vector<float> totals;
  for (int round = 0; round < 100; ++round) {
    const Response response = answer(*instance, {{whole(64)}, {1}, {}});
    totals.push_back(response.outputs.empty() ? -1 : values_of<float>(response.outputs[0]).front());
  }
  shrinker.join();

  EXPECT_THAT(totals, Each(64 * 1024 * 0.5F));
}

TEST_F(OnnxRun, AnswersAfterACancelledRun) {
  const auto instance = opened(made("slow"));
  CancelSource source;
  std::thread canceller([&] { source.cancel(); });

  const auto cancelled = run(*instance, {{whole(1'000'000'000)}, {0}, {}}, source.token());
  canceller.join();
  CancelSource unused;
  const auto answered = run(*instance, {{whole(1)}, {0}, {}}, unused.token());

  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().code, Code::Cancelled);
  EXPECT_TRUE(answered) << answered.error().message;
}

}  // namespace
}  // namespace aion::runtime
