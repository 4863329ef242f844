// A second load takes the graph that the first has optimised; nothing that goes wrong with that
// fails a load.
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/file.h"
#include "runtime/backend/onnx/graph_cache.h"
#include "tests/runtime/backend/onnx_fixture.h"

namespace aion::runtime {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class OnnxCache : public OnnxTest {
 protected:
  OnnxCache() { use(folder_ / "cache"); }
  ~OnnxCache() override { ::close(log_file_); }

  void use(const fs::path& cache, Bytes limit = Bytes::mebi(64)) {
    backend_ = make_onnx(
        {.library = {}, .compute_threads = 1, .cache = cache, .cache_limit = limit, .log = &log_});
  }

  std::vector<fs::path> entries() {
    std::vector<fs::path> found;
    if (fs::exists(folder_ / "cache")) {
      for (const auto& file : fs::directory_iterator(folder_ / "cache")) {
        found.push_back(file.path());
      }
    }
    return found;
  }

  /// Another number after an entry was written anew.
  static ino_t identity(const fs::path& file) {
    struct stat status {};
    EXPECT_EQ(::stat(file.c_str(), &status), 0);
    return status.st_ino;
  }

  std::string logged() { return *read_file(folder_ / "log", 1U << 20U); }

  std::string answer_of(const catalog::ModelVersion& version) {
    const auto instance = opened(version);
    std::vector<float> values(64);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(i) / 10.0F;
    }
    auto row = floats(values);
    row.shape = {1, 64};
    return std::string(answer(*instance, {{row}, {0}, {}}).outputs.at(0).data.text());
  }

  /// Loads once, so that the cache holds the model, and changes what it holds.
  void spoil(const std::function<void(std::string&)>& change) {
    wanted_ = answer_of(large_);
    ASSERT_THAT(entries(), SizeIs(1));
    std::string text = *read_file(entries()[0], 1U << 30U);
    change(text);
    std::ofstream(entries()[0], std::ios::binary) << text;
    spoilt_ = text;
  }

  /// The spoilt entry cost nothing but time, and a good one lies in its place.
  void expect_mended() {
    EXPECT_EQ(answer_of(large_), wanted_);
    ASSERT_THAT(entries(), SizeIs(1));
    EXPECT_NE(*read_file(entries()[0], 1U << 30U), spoilt_);
    EXPECT_THAT(logged(), HasSubstr("cached graph dropped"));
    const ino_t before = identity(entries()[0]);
    EXPECT_EQ(answer_of(large_), wanted_);
    EXPECT_EQ(identity(entries()[0]), before);
  }

  catalog::ModelVersion large_ = made("mlpl");
  int log_file_ = ::open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  Log log_{LogLevel::Info, LogFormat::Plain, log_file_};
  std::string wanted_;
  std::string spoilt_;
};

TEST_F(OnnxCache, ASecondLoadTakesTheEntryOfTheFirstAndAnswersTheSame) {
  backend_ = make_onnx({});
  const std::string without = answer_of(large_);
  use(folder_ / "cache");
  const std::string first = answer_of(large_);
  ASSERT_THAT(entries(), SizeIs(1));
  const ino_t before = identity(entries()[0]);

  const std::string second = answer_of(large_);

  EXPECT_EQ(first, without);
  EXPECT_EQ(second, without);
  EXPECT_EQ(identity(entries()[0]), before);  // found, or it would have been written anew
  EXPECT_THAT(logged(), IsEmpty());
}

TEST_F(OnnxCache, AnotherContentHasAnotherEntry) {
  answer_of(large_);
  std::string other = *read_file(large_.path, 1U << 30U);
  const auto weight = other.size() / 2;  // in the middle of the weights
  other[weight] = static_cast<char>(other[weight] ^ 1);
  auto version = large_;
  version.path = folder_ / "model.onnx";
  std::ofstream(version.path, std::ios::binary) << other;

  answer_of(version);

  EXPECT_THAT(entries(), SizeIs(2));
}

TEST_F(OnnxCache, KeepsNothingOfASmallModel) {
  answer_of(made("mlp"));

  EXPECT_THAT(entries(), IsEmpty());
}

TEST_F(OnnxCache, KeepsNothingOfAModelWithWeightsInAnotherFile) {
  const Message floats = tensor_type(Element::Float, {-1});
  std::ofstream(folder_ / "weights.bin", std::ios::binary) << std::string("\0\0\200\77", 4);
  auto model = OnnxModel().input("x", floats).output("y", floats);
  model.node("Mul", {"x", "c"}, "z").node("Mul", {"z", "first"}, "y");
  model.external_constant("c", 1, "weights.bin").constant("first", {2});
  model.constant("padding", std::vector<float>(100'000, 1));

  const auto instance = opened(written(model));

  EXPECT_THAT(
      values_of<float>(answer(*instance, {{aion::runtime::floats({3})}, {0}, {}}).outputs[0]),
      testing::ElementsAre(6));
  EXPECT_THAT(entries(), IsEmpty());
}

TEST_F(OnnxCache, ReplacesAnEntryWithABrokenByte) {
  spoil(
      [](std::string& text) { text[text.size() / 2] = static_cast<char>(~text[text.size() / 2]); });
  expect_mended();
}

TEST_F(OnnxCache, ReplacesAnEntryThatWasCutOff) {
  spoil([](std::string& text) { text.resize(text.size() / 2); });
  expect_mended();
}

TEST_F(OnnxCache, ReplacesAnEmptyEntry) {
  spoil([](std::string& text) { text.clear(); });
  expect_mended();
}

TEST_F(OnnxCache, ReplacesAnEntryOfAnotherModel) {
  spoil([](std::string& text) {
    constexpr std::size_t kKeyFromEnd = 72;  // 64 digits, the check sum and four bytes of nothing
    text[text.size() - kKeyFromEnd] = text[text.size() - kKeyFromEnd] == 'a' ? 'b' : 'a';
  });
  expect_mended();
}

TEST_F(OnnxCache, ReplacesAWholeEntryThatTheLibraryDoesNotTake) {
  wanted_ = answer_of(large_);
  const std::string key = entries().at(0).stem();
  onnx::GraphCache(folder_ / "cache", Bytes::mebi(64), nullptr).keep(key, "no graph at all");
  spoilt_ = *read_file(entries()[0], 1U << 30U);

  expect_mended();
}

TEST_F(OnnxCache, ReplacesAFolderInTheWayOfAnEntry) {
  wanted_ = answer_of(large_);
  const fs::path entry = entries().at(0);
  fs::remove(entry);
  fs::create_directory(entry);

  EXPECT_EQ(answer_of(large_), wanted_);

  EXPECT_TRUE(fs::is_regular_file(entry));
}

TEST_F(OnnxCache, AFolderThatCannotBeMadeFailsNoLoadAndIsToldOnce) {
  std::ofstream(folder_ / "file") << "no folder";
  use(folder_ / "file" / "cache");

  answer_of(large_);
  answer_of(large_);

  const std::string told = logged();
  const auto first = told.find("optimised graph not kept");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(told.find("optimised graph not kept", first + 1), std::string::npos);
}

TEST_F(OnnxCache, ALimitBelowOneEntryKeepsNothing) {
  use(folder_ / "cache", Bytes::mebi(1));

  answer_of(large_);

  EXPECT_THAT(entries(), IsEmpty());
}

TEST_F(OnnxCache, SaysWhyABrokenModelDoesNotLoadAsWithoutACache) {
  std::string whole = *read_file(large_.path, 1U << 30U);
  auto version = large_;
  version.path = folder_ / "model.onnx";
  std::ofstream(version.path, std::ios::binary) << whole.substr(0, whole.size() / 2);

  const Error with = refusal(version);

  backend_ = make_onnx({});
  EXPECT_EQ(with.message, refusal(version).message);
  EXPECT_THAT(entries(), IsEmpty());
}

class GraphCache : public OnnxCache {
 protected:
  static std::string key(char digit) { return std::string(64, digit); }

  /// So many minutes ago; the system's stamps are too coarse to tell two entries of a test apart.
  void used_before(char digit, int minutes) {
    const fs::path file = folder_ / "cache" / (key(digit) + ".graph");
    fs::last_write_time(file, fs::last_write_time(file) - std::chrono::minutes(minutes));
  }

  std::string found(char digit) {
    const auto entry = cache_.find(key(digit));
    return entry ? std::string(entry->graph()) : "nothing";
  }

  onnx::GraphCache cache_{folder_ / "cache", Bytes{1000}, &log_};
};

TEST_F(GraphCache, LosesTheEntryThatWasNotUsedForTheLongestTime) {
  cache_.keep(key('a'), std::string(300, 'a'));
  cache_.keep(key('b'), std::string(300, 'b'));
  used_before('a', 10);
  used_before('b', 5);
  ASSERT_TRUE(cache_.find(key('a')));  // used now

  cache_.keep(key('c'), std::string(300, 'c'));

  EXPECT_EQ(found('a'), std::string(300, 'a'));
  EXPECT_EQ(found('b'), "nothing");
  EXPECT_EQ(found('c'), std::string(300, 'c'));
}

TEST_F(GraphCache, KeepsAnEntryForTheUserAlone) {
  cache_.keep(key('a'), "graph");

  EXPECT_EQ(fs::status(entries().at(0)).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(GraphCache, RemovesWhatAProcessThatIsGoneHasLeftHalfWritten) {
  fs::create_directories(folder_ / "cache");
  const fs::path orphan = folder_ / "cache" / (key('b') + ".999999999-0.new");
  const fs::path under_way =
      folder_ / "cache" / (key('b') + "." + std::to_string(::getpid()) + "-7.new");
  std::ofstream(orphan) << "half";
  std::ofstream(under_way) << "half";

  cache_.keep(key('a'), "graph");

  EXPECT_FALSE(fs::exists(orphan));
  EXPECT_TRUE(fs::exists(under_way));
}

TEST_F(GraphCache, NamesAnEntryAfterTheContentAndTheMaker) {
  const fs::path model = folder_ / "model.onnx";
  const fs::path other = folder_ / "other.onnx";
  const fs::path copy = folder_ / "copy.onnx";
  std::ofstream(model) << std::string(600'000, 'm');
  std::ofstream(copy) << std::string(600'000, 'm');
  std::ofstream(other) << std::string(599'999, 'm') + "n";

  const auto key = cache_.key_of(model, "1.30.0");

  ASSERT_TRUE(key);
  EXPECT_EQ(key, cache_.key_of(copy, "1.30.0"));
  EXPECT_NE(key, cache_.key_of(model, "1.31.0"));
  EXPECT_NE(key, cache_.key_of(other, "1.30.0"));
}

TEST_F(GraphCache, SeesWeightsElsewhereWhereverTheContentNamesThem) {
  const fs::path model = folder_ / "model.onnx";
  // around 256 KiB, where one piece that is read ends and the next begins
  for (int from_border = -10; from_border <= 1; ++from_border) {
    std::string content(600'000, 'm');
    content.replace(static_cast<std::size_t>((256 << 10) + from_border), 9, "\x08location");
    std::ofstream(model, std::ios::binary) << content;

    EXPECT_FALSE(cache_.key_of(model, "1.30.0")) << from_border;
  }
}

}  // namespace
}  // namespace aion::runtime
