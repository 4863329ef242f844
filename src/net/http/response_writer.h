// Turns an HttpResponse into bytes on a socket, without copying its parts together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/http/message.h"

namespace aion::net {

/// What the request and the connection decide about an answer.
struct ResponseStyle {
  bool closes = false;            // say "Connection: close"
  bool names_keep_alive = false;  // an HTTP/1.0 client wants to hear it
  bool head_only = false;         // the request was HEAD
};

/// Sends one response; `response` outlives it.
class ResponseWriter {
 public:
  enum class Outcome : std::uint8_t { Done, Blocked, Failed };

  /// `memory` is taken for the head, to save an allocation; release() gives it back.
  ResponseWriter(const HttpResponse& response, ResponseStyle style, std::string memory);

  /// Writes as much as the socket takes now, never blocks. Call again after Blocked, when it is
  /// writable.
  Outcome send(int descriptor);

  [[nodiscard]] std::size_t sent() const { return sent_; }
  [[nodiscard]] std::string release() { return std::move(head_); }

 private:
  void write_head(ResponseStyle style, std::size_t body_size);

  const HttpResponse& response_;
  std::string head_;
  bool has_separate_body_ = false;  // else it is in head_
  std::size_t total_ = 0;
  std::size_t sent_ = 0;
};

/// The phrase of a status line, e.g. "Not Found"; "Unknown" for a status that is not known.
[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace aion::net
