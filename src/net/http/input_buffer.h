// The bytes that have come on a connection and that no request has used yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace aion::net {

/// Reads into memory that all connections of a thread share, so that an idle connection holds none.
///
/// What view() shows stays valid only until another connection of the thread reads; hold() first
/// copies it aside.
class InputBuffer {
 public:
  enum class Outcome : std::uint8_t { Bytes, Nothing, Ended };

  explicit InputBuffer(std::span<char> shared) : shared_(shared) {}

  [[nodiscard]] std::string_view view() const { return view_; }
  void consume(std::size_t count);
  /// Keeps the bytes over a wait. Costs nothing when there are none.
  void hold();

  /// Reads once, without blocking; new bytes stand behind the old ones in view().
  /// Ended: the peer sends no more, or the connection is broken.
  Outcome receive(int descriptor);
  /// The last receive() took as much as it could: there is likely more.
  [[nodiscard]] bool was_full() const { return was_full_; }

 private:
  [[nodiscard]] bool is_held() const { return !kept_.empty(); }

  std::span<char> shared_;
  std::string_view view_;  // into shared_ or kept_
  std::string kept_;
  bool was_full_ = false;
};

}  // namespace aion::net
