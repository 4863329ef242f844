// Takes length-prefixed messages out of the data of a stream, and unpacks those that are
// compressed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/compression.h"
#include "net/grpc/status.h"

namespace aion::net {

/// Takes the bytes as they come, in pieces of any size, one message after another.
class GrpcMessageDecoder {
 public:
  /// Unpacking is done where take() is called, so `max_unpacked` is to be reached in a moment.
  GrpcMessageDecoder(Compression encoding, std::size_t max_bytes, std::size_t max_unpacked)
      : encoding_(encoding), max_bytes_(max_bytes), max_unpacked_(max_unpacked) {}

  /// Returns how many bytes of `input` it used: all, unless a message is whole or wrong. `input`
  /// must outlive the use of message().
  std::size_t take(std::string_view input);

  [[nodiscard]] bool has_message() const { return has_message_; }
  /// Into the last input, when it held all of it, or into memory of this object.
  [[nodiscard]] std::string_view message() const { return message_; }
  /// Begins the next one.
  void forget_message();

  /// Something of a message has come, but not all.
  [[nodiscard]] bool is_inside_message() const { return prefix_size_ > 0 && !has_message_; }
  [[nodiscard]] const std::optional<GrpcStatus>& fault() const { return fault_; }

 private:
  static constexpr std::size_t kPrefix = 5;  // flag, length

  std::size_t take_prefix(std::string_view input);
  void check_prefix();
  void complete(std::string_view body);
  void unpack(std::string_view body);
  void fail(GrpcCode code, std::string message) { fault_ = GrpcStatus{code, std::move(message)}; }

  Compression encoding_;
  std::size_t max_bytes_;
  std::size_t max_unpacked_;
  std::array<char, kPrefix> prefix_{};
  std::size_t prefix_size_ = 0;
  std::size_t length_ = 0;
  bool is_packed_ = false;
  bool has_message_ = false;
  std::string body_;      // what has come of a message that came in pieces
  std::string unpacked_;  // a message that was compressed
  std::string_view message_;
  std::optional<GrpcStatus> fault_;
};

}  // namespace aion::net
