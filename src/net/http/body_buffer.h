// The memory of one request: a prefix that holds its head, then its body, aligned and padded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/bytes.h"

namespace aion::net {

/// One allocation that grows only when append() needs more than `capacity`.
class BodyBuffer {
 public:
  /// So many bytes behind the body may be read.
  static constexpr std::size_t kPadding = 64;
  /// Binary tensors begin behind the JSON of a body; the first of them is aligned to this.
  static constexpr std::size_t kAlignment = 64;

  BodyBuffer() = default;
  /// `body + json_size` is aligned to kAlignment.
  BodyBuffer(std::string_view prefix, std::size_t capacity, std::uint64_t json_size);

  [[nodiscard]] const char* prefix() const { return reinterpret_cast<const char*>(memory_.get()); }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t room() const { return capacity_ - size_; }
  /// Where the next `room()` bytes go; tell with added() how many were put there.
  [[nodiscard]] char* end() { return reinterpret_cast<char*>(body_) + size_; }
  void added(std::size_t count) { size_ += count; }

  /// Copies `text` behind what is there; grows to twice the size if it must. The prefix is lost
  /// when it grows.
  void append(std::string_view text);

  /// The body, with zeros in its padding. It shares the memory with this buffer.
  [[nodiscard]] SharedBytes share() const;
  void release() { *this = BodyBuffer(); }

 private:
  std::shared_ptr<std::byte[]> memory_;
  std::byte* body_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  std::uint64_t json_size_ = 0;
};

}  // namespace aion::net
