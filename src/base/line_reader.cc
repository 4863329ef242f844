#include "base/line_reader.h"

#include <cstring>
#include <string>
#include <utility>

namespace aion {
namespace {

constexpr std::size_t kBlock = std::size_t{256} * 1024;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

LineReader::LineReader(BlockSource source, std::size_t longest)
    : source_(std::move(source)), longest_(longest), buffer_(longest + kBlock) {}

Result<bool> LineReader::next(std::string_view& line) {
  std::size_t searched = 0;
  for (;;) {
    const char* const begin = buffer_.data() + at_;
    const std::size_t left = kept_ - at_;
    const void* const end = std::memchr(begin + searched, '\n', left - searched);
    const std::size_t length =
        end == nullptr ? left : static_cast<std::size_t>(static_cast<const char*>(end) - begin);
    if (length > longest_) {
      return Error{Code::InvalidArgument,
                   "line " + std::to_string(number_ + 1) + " is longer than " +
                       std::to_string(longest_) + " bytes: expected a text of short lines"};
    }
    if (end != nullptr || is_over_) {
      const bool is_line = end != nullptr || left > 0;
      line = cut(length);
      at_ += end != nullptr ? 1 : 0;
      number_ += is_line ? 1 : 0;
      return is_line;
    }
    searched = left;
    AION_TRY_VOID(fill());
  }
}

std::string_view LineReader::cut(std::size_t length) {
  std::string_view line(buffer_.data() + at_, length);
  at_ += length;
  if (number_ == 0 && line.starts_with(kByteOrderMark)) {
    line.remove_prefix(kByteOrderMark.size());
  }
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  return line;
}

Result<void> LineReader::fill() {
  std::memmove(buffer_.data(), buffer_.data() + at_, kept_ - at_);
  kept_ -= at_;
  at_ = 0;
  AION_TRY(const std::size_t got, source_(std::span(buffer_).subspan(kept_)));
  kept_ += got;
  is_over_ = got == 0;
  return {};
}

}  // namespace aion
