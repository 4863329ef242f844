// A count of bytes, and a view of bytes that keeps its memory alive.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace aion {

/// A size in bytes: a number that cannot be mistaken for a count of anything else.
struct Bytes {
  std::uint64_t count = 0;

  static constexpr Bytes mebi(std::uint64_t n) { return Bytes{n << 20U}; }
  auto operator<=>(const Bytes&) const = default;
};

/// "5.1 GiB", "312 B": for messages that people read.
[[nodiscard]] std::string to_string(Bytes bytes);

/// Reads "512", "1.5 GiB", "200MB": a number from zero up, in bytes or in one of B, KiB, MiB, GiB,
/// TiB, kB, MB, GB, TB. At most 1 PiB. InvalidArgument names what was expected and what came.
[[nodiscard]] Result<Bytes> parse_bytes(std::string_view text);

/// Bytes that somebody else may share: immutable, and alive for as long as `owner` is held.
/// `owner` may be null for memory that outlives everything (a literal).
struct SharedBytes {
  const std::byte* data = nullptr;
  std::size_t size = 0;
  std::shared_ptr<const void> owner;

  [[nodiscard]] std::span<const std::byte> span() const { return {data, size}; }
  [[nodiscard]] std::string_view text() const {
    return {reinterpret_cast<const char*>(data), size};
  }

  /// Takes the string over; no copy of its characters beyond the move.
  static SharedBytes from(std::string text);
};

}  // namespace aion
