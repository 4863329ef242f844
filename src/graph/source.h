// Bytes that are read piece by piece: a file, or memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"

namespace aion::graph {

/// Not mapped: a file that becomes shorter while it is read must give an Error, not a signal.
///
/// Thread safety: none; one reader at a time.
class Source {
 public:
  /// NotFound when it cannot be opened; InvalidArgument when it is no regular file.
  [[nodiscard]] static Result<std::unique_ptr<Source>> open(const std::filesystem::path& file);
  /// `memory` outlives the source.
  explicit Source(std::span<const std::byte> memory) : size_(memory.size()), window_(memory) {}
  ~Source();
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  [[nodiscard]] std::uint64_t size() const { return size_; }

  /// One byte; Unavailable when reading fails. `offset` is below size().
  [[nodiscard]] Result<std::byte> byte(std::uint64_t offset) {
    if (offset - begin_ < window_.size()) {
      return window_[offset - begin_];
    }
    return fetched_byte(offset);
  }
  /// Copies bytes out. The range lies within size().
  [[nodiscard]] Result<void> copy(std::uint64_t offset, std::span<std::byte> to);

 private:
  Source(int file, std::uint64_t size) : file_(file), size_(size) {}
  [[nodiscard]] Result<std::byte> fetched_byte(std::uint64_t offset);

  int file_ = -1;
  std::uint64_t size_;
  std::vector<std::byte> room_;
  std::uint64_t begin_ = 0;  // where the window lies
  std::span<const std::byte> window_;
};

}  // namespace aion::graph
