#include "base/line_reader.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace aion {
namespace {

/// Gives the text in pieces of that many bytes.
BlockSource in_pieces(std::string text, std::size_t piece) {
  return [text = std::move(text), piece, at = std::size_t{0}](
             std::span<char> to) mutable -> Result<std::size_t> {
    const std::size_t count = std::min({piece, to.size(), text.size() - at});
    std::memcpy(to.data(), text.data() + at, count);
    at += count;
    return count;
  };
}

std::vector<std::string> lines_of(const std::string& text, std::size_t piece) {
  LineReader reader(in_pieces(text, piece), 1000);
  std::vector<std::string> lines;
  std::string_view line;
  for (;;) {
    const auto has_line = reader.next(line);
    EXPECT_TRUE(has_line);
    if (!has_line || !*has_line) {
      break;
    }
    lines.emplace_back(line);
  }
  EXPECT_EQ(reader.number(), static_cast<std::int64_t>(lines.size()));
  return lines;
}

using Lines = std::vector<std::string>;

TEST(LineReader, GivesTheSameLinesHoweverTheBlocksAreCut) {
  for (const std::size_t piece : {1U, 2U, 3U, 100U}) {
    EXPECT_EQ(lines_of("one\ntwo\r\n\nfour", piece), (Lines{"one", "two", "", "four"})) << piece;
  }
}

TEST(LineReader, HasNoLineBehindTheLastLineFeed) {
  EXPECT_EQ(lines_of("one\n", 100), (Lines{"one"}));
}

TEST(LineReader, HasNoLineInAnEmptyText) {
  EXPECT_EQ(lines_of("", 100), Lines{});
}

TEST(LineReader, LeavesOutAByteOrderMark) {
  EXPECT_EQ(lines_of("\xef\xbb\xbfone\n\xef\xbb\xbftwo", 100), (Lines{"one", "\xef\xbb\xbftwo"}));
}

TEST(LineReader, RefusesALineThatIsTooLongAndSaysWhich) {
  for (const std::string end : {"", "\n"}) {
    std::string text = "short\n";
    text.append(1001, 'x');
    text += end;
    LineReader reader(in_pieces(text, 4096), 1000);
    std::string_view line;
    ASSERT_TRUE(reader.next(line));

    const auto has_line = reader.next(line);

    ASSERT_FALSE(has_line);
    EXPECT_EQ(has_line.error().message.substr(0, 35), "line 2 is longer than 1000 bytes: e");
  }
}

TEST(LineReader, TakesALineOfTheGreatestLength) {
  const std::string longest(1000, 'x');
  std::string text = longest;
  text += "\ny";

  EXPECT_EQ(lines_of(text, 7), (Lines{longest, "y"}));
}

TEST(LineReader, HandsOnWhatTheSourceFailedWith) {
  LineReader reader(
      [](std::span<char>) -> Result<std::size_t> {
        return Error{Code::Unavailable, "no disk"};
      },
      1000);
  std::string_view line;

  const auto has_line = reader.next(line);

  ASSERT_FALSE(has_line);
  EXPECT_EQ(has_line.error().message, "no disk");
}

}  // namespace
}  // namespace aion
