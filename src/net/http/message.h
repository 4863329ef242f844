// An HTTP request and response as handlers see them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/request_context.h"

namespace aion::net {

enum class HttpMethod : std::uint8_t { Get, Head, Post, Put, Delete, Patch, Options, Other };

struct HttpHeader {
  std::string_view name;  // as sent; compare with find(), which ignores case
  std::string_view value;
};

/// One request. All views point into memory that `body.owner` or the connection keeps until the
/// handler ends; `body` alone may be kept longer, through its owner.
struct HttpRequest {
  HttpMethod method = HttpMethod::Get;
  std::string_view path;   // up to '?', percent-encoding left as it is
  std::string_view query;  // behind '?', empty if there is none
  std::vector<HttpHeader> headers;
  SharedBytes body;              // whole; chunked encoding is undone
  std::size_t body_padding = 0;  // so many bytes behind the body may be read (for SIMD parsers)
  std::string_view peer_address;
  RequestContext context;  // principal is not set yet; cancel fires when the connection is lost

  /// The first header of that name, ignoring case; empty if there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

/// One answer. `text` goes out first, then `parts`, without being copied together.
struct HttpResponse {
  int status = 200;
  std::string_view content_type = "application/json";             // a literal
  std::vector<std::pair<std::string_view, std::string>> headers;  // names are literals
  std::string text;
  std::vector<SharedBytes> parts;

  [[nodiscard]] static HttpResponse json(int status, std::string text);
  /// {"error": "<message>"}, escaped.
  [[nodiscard]] static HttpResponse error(int status, std::string_view message);
};

/// Undoes percent-encoding ("%2F" -> "/"). A '%' that is not followed by two hex digits stays.
[[nodiscard]] std::string percent_decoded(std::string_view text);

}  // namespace aion::net
