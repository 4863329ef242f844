// Undoes the chunked transfer coding of a request body (RFC 9112, section 7.1), strictly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/http/body_buffer.h"
#include "net/http/request_head.h"

namespace aion::net {

/// Takes the bytes as they come, in pieces of any size. Chunk extensions and trailer fields are
/// checked and dropped.
class ChunkedDecoder {
 public:
  /// max_body       413 beyond it
  /// max_overhead   of extensions and trailer together, 431 beyond it
  ChunkedDecoder(std::size_t max_body, std::size_t max_overhead)
      : max_body_(max_body), max_overhead_(max_overhead) {}

  /// Decodes into `body`; returns how many bytes of `input` it used: all, unless it is done or
  /// refuses.
  std::size_t take(std::string_view input, BodyBuffer& body);

  [[nodiscard]] bool is_done() const { return state_ == State::Done; }
  [[nodiscard]] const std::optional<Refusal>& refusal() const { return refusal_; }

 private:
  enum class State : std::uint8_t { Size, Data, DataEnd, Trailer, Done };

  /// Collects a line; returns true when `line_` holds a whole one without its CR LF.
  bool take_line(std::string_view& input);
  void end_of_line(std::size_t body_size);
  void take_size(std::size_t body_size);
  void refuse(int status, std::string message) { refusal_ = Refusal{status, std::move(message)}; }

  std::size_t max_body_;
  std::size_t max_overhead_;
  State state_ = State::Size;
  std::uint64_t left_ = 0;  // of the chunk under way
  std::size_t overhead_ = 0;
  std::string line_;
  std::optional<Refusal> refusal_;
};

/// "request body of X bytes exceeds the limit of Y bytes", as 413.
Refusal body_too_large(std::uint64_t size, std::size_t limit);

}  // namespace aion::net
