// Takes text that comes in blocks apart into lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace aion {

/// Fills the span from its begin; 0 = the end. UnpackedFile::read() is one.
using BlockSource = std::function<Result<std::size_t>(std::span<char>)>;

/// Lines end at LF or CR LF; a UTF-8 byte order mark in front of the first is left out. Memory: a
/// block and a line.
class LineReader {
 public:
  /// longest   bytes of a line; a longer one is an error, so that no file fills the memory
  LineReader(BlockSource source, std::size_t longest);

  /// False at the end. `line` holds until the next call. The source's errors, and InvalidArgument
  /// for a line that is too long.
  [[nodiscard]] Result<bool> next(std::string_view& line);

  /// The number of the line that next() gave last; the first is 1.
  [[nodiscard]] std::int64_t number() const { return number_; }

 private:
  Result<void> fill();
  std::string_view cut(std::size_t length);

  BlockSource source_;
  std::size_t longest_;
  std::vector<char> buffer_;
  std::size_t at_ = 0;
  std::size_t kept_ = 0;
  std::int64_t number_ = 0;
  bool is_over_ = false;
};

}  // namespace aion
