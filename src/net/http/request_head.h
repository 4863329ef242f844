// Reads the head of an HTTP/1.1 request in place: strictly, because two readers that disagree are a
// hole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http/message.h"

namespace aion::net {

/// Why a request is answered without a handler.
struct Refusal {
  int status = 400;
  std::string message;
};

/// A head as it stands in the buffer; every view points into the text that was parsed.
struct RequestHead {
  HttpMethod method = HttpMethod::Get;
  std::string_view path;
  std::string_view query;
  std::string_view
      host;  // of the target if that is absolute, else of the Host header; with the port
  std::string_view origin;  // empty if there is none
  std::vector<HttpHeader> headers;
  std::uint64_t content_length = 0;
  std::uint64_t json_size = 0;  // Inference-Header-Content-Length, 0 if it is missing or no number
  bool is_chunked = false;
  bool is_http_1_0 = false;
  bool keeps_alive = true;
  bool expects_continue = false;
  bool has_host = false;

  /// Makes every view point into `to`, which holds the same characters as `from`.
  void rebase(const char* from, const char* to);
};

inline constexpr std::size_t kMaxHeaders = 100;

/// Where a head ends.
enum class HeadState : std::uint8_t { Incomplete, Complete, Malformed };

/// Looks for the empty line that ends a head.
///
/// from     how many characters an earlier call has looked at already; updated
/// size     set to the length of the head including the empty line, when Complete
/// refusal  set when Malformed
HeadState find_head_end(std::string_view text,
                        std::size_t& from,
                        std::size_t& size,
                        Refusal& refusal);

/// Parses a whole head, the empty line included. Clears `head` first but keeps the memory of its
/// headers.
std::optional<Refusal> parse_request_head(std::string_view text, RequestHead& head);

/// Checks the lines of a chunked body's trailer; the fields themselves are dropped (RFC
/// 9112, 7.1.2).
std::optional<Refusal> check_header_line(std::string_view line, HttpHeader& header);

/// At most 40 characters of what came, with what cannot be printed as \xNN: for messages.
std::string shown(std::string_view text);

}  // namespace aion::net
