#include "base/unpacked_file.h"

#include <array>

#include <gtest/gtest.h>
#include <zlib.h>

#include "tests/temporary_folder.h"

namespace aion {
namespace {

constexpr std::size_t kLimit = 1 << 26U;

std::string packed(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(text.size() + text.size() / 100 + 1024, '\0');
  std::string in = text;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  const std::size_t count = stream.total_out;
  deflateEnd(&stream);
  return out.substr(0, count);
}

/// Text that does not pack well, longer than several blocks.
std::string long_text() {
  std::string text;
  for (std::uint32_t i = 0; text.size() < 2'000'000; ++i) {
    text += std::to_string(i * 2654435761U) + "\n";
  }
  return text;
}

class UnpackedFileTest : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& bytes) {
    const auto path = folder_.path() / "file";
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

  TemporaryFolder folder_;
};

TEST_F(UnpackedFileTest, GivesAPlainFileAsItIs) {
  const auto text = read_unpacked(write("a\nb\n"), kLimit);

  ASSERT_TRUE(text) << text.error().message;
  EXPECT_EQ(*text, "a\nb\n");
}

TEST_F(UnpackedFileTest, UnpacksGzipOfManyBlocks) {
  const std::string whole = long_text();

  const auto text = read_unpacked(write(packed(whole)), kLimit);

  ASSERT_TRUE(text) << text.error().message;
  EXPECT_TRUE(*text == whole);
}

TEST_F(UnpackedFileTest, JoinsMembersAndLeavesOutPadding) {
  const auto text =
      read_unpacked(write(packed("one ") + packed("two") + std::string(512, '\0')), kLimit);

  ASSERT_TRUE(text) << text.error().message;
  EXPECT_EQ(*text, "one two");
}

TEST_F(UnpackedFileTest, GivesNothingOfAnEmptyFile) {
  const auto text = read_unpacked(write(""), kLimit);

  ASSERT_TRUE(text) << text.error().message;
  EXPECT_EQ(*text, "");
}

TEST_F(UnpackedFileTest, SaysWhereACutOffStreamEnds) {
  const std::string whole = packed(long_text());

  const auto text = read_unpacked(write(whole.substr(0, 300'000)), kLimit);

  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, Code::InvalidArgument);
  EXPECT_NE(text.error().message.find("cut off"), std::string::npos) << text.error().message;
  EXPECT_NE(text.error().message.find("300000"), std::string::npos) << text.error().message;
}

TEST_F(UnpackedFileTest, SaysThatAStreamWithOtherBytesInItIsDamaged) {
  std::string bytes = packed(long_text());
  bytes.replace(1000, 8, "\xff\xff\xff\xff\xff\xff\xff\xff");

  const auto text = read_unpacked(write(bytes), kLimit);

  ASSERT_FALSE(text);
  EXPECT_NE(text.error().message.find("damaged"), std::string::npos) << text.error().message;
}

TEST_F(UnpackedFileTest, RefusesOtherBytesBehindTheStream) {
  const auto text = read_unpacked(write(packed("text") + "more"), kLimit);

  ASSERT_FALSE(text);
  EXPECT_NE(text.error().message.find("damaged"), std::string::npos) << text.error().message;
}

TEST_F(UnpackedFileTest, StopsAtTheLimitOfUnpackedBytes) {
  const auto text = read_unpacked(write(packed(std::string(5'000'000, 'a'))), 1'000'000);

  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, Code::ResourceExhausted);
}

TEST_F(UnpackedFileTest, NamesAFileThatIsNotThere) {
  const auto file = UnpackedFile::open(folder_.path() / "none");

  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, Code::NotFound);
  EXPECT_NE(file.error().message.find("none"), std::string::npos);
}

TEST_F(UnpackedFileTest, RefusesAFolder) {
  const auto file = UnpackedFile::open(folder_.path());

  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, Code::InvalidArgument);
}

TEST_F(UnpackedFileTest, TellsHowMuchOfTheFileWasTaken) {
  auto file = UnpackedFile::open(write(std::string(1000, 'x')));
  ASSERT_TRUE(file);
  std::array<char, 10> few{};

  ASSERT_TRUE(file->read(few));

  EXPECT_EQ(file->size(), 1000U);
  EXPECT_EQ(file->taken(), 1000U);
}

}  // namespace
}  // namespace aion
