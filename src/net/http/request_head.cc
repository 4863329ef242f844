#include "net/http/request_head.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "net/http/ascii.h"

namespace aion::net {

namespace {

constexpr std::string_view kLineEnd = "\r\n";

std::optional<std::uint64_t> decimal(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [at, failed] = std::from_chars(text.data(), end, value);
  if (text.empty() || failed != std::errc{} || at != end) {
    return std::nullopt;
  }
  return value;
}

Refusal bad(std::string message) {
  return Refusal{400, std::move(message)};
}

HttpMethod method_of(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, HttpMethod>, 7> kMethods = {{
      {"GET", HttpMethod::Get},
      {"POST", HttpMethod::Post},
      {"HEAD", HttpMethod::Head},
      {"PUT", HttpMethod::Put},
      {"DELETE", HttpMethod::Delete},
      {"PATCH", HttpMethod::Patch},
      {"OPTIONS", HttpMethod::Options},
  }};
  for (const auto& [text, method] : kMethods) {
    if (name == text) {
      return method;
    }
  }
  return HttpMethod::Other;
}

std::optional<Refusal> parse_version(std::string_view version, RequestHead& head) {
  if (version == "HTTP/1.1") {
    return std::nullopt;
  }
  if (version == "HTTP/1.0") {
    head.is_http_1_0 = true;
    head.keeps_alive = false;
    return std::nullopt;
  }
  const bool is_version = version.size() == 8 && version.starts_with("HTTP/") &&
                          version[6] == '.' && version[5] >= '0' && version[5] <= '9' &&
                          version[7] >= '0' && version[7] <= '9';
  if (is_version) {
    return Refusal{505, "HTTP version: expected HTTP/1.1 or HTTP/1.0, got " + shown(version)};
  }
  return bad("request line: expected \"METHOD target HTTP/1.1\", got '" + shown(version) +
             "' in place of the version");
}

/// origin-form, absolute-form or "*" (RFC 9112, section 3.2).
std::optional<Refusal> parse_target(std::string_view target, RequestHead& head) {
  if (!is_target(target)) {
    return bad("request target: expected visible ASCII characters without '#', got '" +
               shown(target) + "'");
  }
  if (!target.starts_with('/') && target != "*") {
    const std::size_t scheme_end = target.find("://");
    const std::string_view scheme = target.substr(0, std::min(scheme_end, target.size()));
    if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) {
      return bad("request target: expected a path that begins with '/', got '" + shown(target) +
                 "'");
    }
    target.remove_prefix(scheme_end + 3);
    const std::size_t authority_end = std::min(target.find_first_of("/?"), target.size());
    head.host = target.substr(0, authority_end);
    target.remove_prefix(authority_end);
    if (head.host.empty()) {
      return bad("request target: expected a host behind '" + std::string(scheme) +
                 "://', got none");
    }
  }
  const std::size_t mark = target.find('?');
  head.path = mark == 0 || target.empty() ? std::string_view("/") : target.substr(0, mark);
  head.query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  return std::nullopt;
}

std::optional<Refusal> parse_request_line(std::string_view line, RequestHead& head) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == 0 || last == first) {
    return bad("request line: expected \"METHOD target HTTP/1.1\", got '" + shown(line) + "'");
  }
  const std::string_view method = line.substr(0, first);
  if (!is_token(method)) {
    return bad("request method: expected letters, got '" + shown(method) + "'");
  }
  head.method = method_of(method);
  if (auto refusal = parse_version(line.substr(last + 1), head)) {
    return refusal;
  }
  const std::string_view target = line.substr(first + 1, last - first - 1);
  if (target.empty()) {
    return bad("request target: expected a path that begins with '/', got nothing");
  }
  return parse_target(target, head);
}

std::optional<Refusal> take_content_length(std::string_view value,
                                           bool& is_known,
                                           RequestHead& head) {
  const auto length = decimal(value);
  if (!length) {
    return bad("header 'Content-Length': expected a number, got '" + shown(value) + "'");
  }
  if (is_known && *length != head.content_length) {
    return bad("header 'Content-Length': expected one value, got " +
               std::to_string(head.content_length) + " and " + std::to_string(*length));
  }
  head.content_length = *length;
  is_known = true;
  return std::nullopt;
}

void take_connection(std::string_view value, RequestHead& head) {
  while (!value.empty()) {
    const std::size_t comma = std::min(value.find(','), value.size());
    const std::string_view option = trimmed(value.substr(0, comma));
    if (equals_ignoring_case(option, "close")) {
      head.keeps_alive = false;
      return;
    }
    if (head.is_http_1_0 && equals_ignoring_case(option, "keep-alive")) {
      head.keeps_alive = true;
    }
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
}

std::optional<Refusal> take_host(std::string_view value, RequestHead& head) {
  if (head.has_host) {
    return bad("header 'Host': expected it once, got it again with '" + shown(value) + "'");
  }
  head.has_host = true;
  if (head.host.empty()) {
    head.host = value;
  }
  return std::nullopt;
}

std::optional<Refusal> take_transfer_encoding(std::string_view value, RequestHead& head) {
  if (head.is_chunked || !equals_ignoring_case(value, "chunked")) {
    return Refusal{
        501, "header 'Transfer-Encoding': expected 'chunked' once, got '" + shown(value) + "'"};
  }
  head.is_chunked = true;
  return std::nullopt;
}

std::optional<Refusal> take_expect(std::string_view value, RequestHead& head) {
  if (!equals_ignoring_case(value, "100-continue")) {
    return Refusal{417, "header 'Expect': expected '100-continue', got '" + shown(value) + "'"};
  }
  head.expects_continue = !head.is_http_1_0;
  return std::nullopt;
}

/// Acts on the headers that say how the message is read. The switch keeps other headers cheap.
std::optional<Refusal> take_header(const HttpHeader& header, bool& has_length, RequestHead& head) {
  const auto is = [&](std::string_view name) {
    return equals_ignoring_case(header.name, name);
  };
  switch (header.name.size()) {
    case 4:
      return is("host") ? take_host(header.value, head) : std::nullopt;
    case 6:
      if (is("origin")) {
        head.origin = header.value.empty() ? std::string_view("null") : header.value;
      } else if (is("expect")) {
        return take_expect(header.value, head);
      }
      return std::nullopt;
    case 10:
      if (is("connection")) {
        take_connection(header.value, head);
      }
      return std::nullopt;
    case 14:
      return is("content-length") ? take_content_length(header.value, has_length, head)
                                  : std::nullopt;
    case 17:
      return is("transfer-encoding") ? take_transfer_encoding(header.value, head) : std::nullopt;
    case 31:
      if (is("inference-header-content-length")) {
        head.json_size = decimal(header.value).value_or(0);
      }
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

std::optional<Refusal> check_whole(bool has_length, const RequestHead& head) {
  if (head.is_chunked && has_length) {
    return bad("headers 'Transfer-Encoding' and 'Content-Length': expected one of them, got both");
  }
  if (head.is_chunked && head.is_http_1_0) {
    return bad("header 'Transfer-Encoding': expected none in an HTTP/1.0 request, got 'chunked'");
  }
  if (!head.has_host && !head.is_http_1_0) {
    return bad("header 'Host': expected it in every HTTP/1.1 request, got none");
  }
  return std::nullopt;
}

void clear(RequestHead& head) {
  std::vector<HttpHeader> headers = std::move(head.headers);
  headers.clear();
  head = RequestHead{};
  head.headers = std::move(headers);
}

/// What is wrong in bytes [from, text.size()) whatever follows, so that a sender need not wait for
/// the timeout.
std::optional<Refusal> broken_line_end(std::string_view text, std::size_t from) {
  if (static_cast<unsigned char>(text.front()) == 0x16U) {
    return bad(
        "request line: expected \"METHOD target HTTP/1.1\", got a TLS handshake; this port speaks "
        "plain HTTP");
  }
  if (!is_token_character(text.front()) && text.front() != '\r') {
    return bad("request line: expected \"METHOD target HTTP/1.1\", got '" + shown(text) + "'");
  }
  for (std::size_t at = text.find('\n', from); at != std::string_view::npos;
       at = text.find('\n', at + 1)) {
    if (at == 0 || text[at - 1] != '\r') {
      return bad("line end: expected CR LF, got a bare LF behind '" + shown(text.substr(0, at)) +
                 "'");
    }
  }
  return std::nullopt;
}

}  // namespace

void RequestHead::rebase(const char* from, const char* to) {
  const auto moved = [&](std::string_view view) {
    return view.empty() ? view : std::string_view(to + (view.data() - from), view.size());
  };
  path = path == "/" ? std::string_view("/") : moved(path);  // these two may be literals
  query = moved(query);
  host = moved(host);
  origin = origin == "null" ? std::string_view("null") : moved(origin);
  for (HttpHeader& header : headers) {
    header.name = moved(header.name);
    header.value = moved(header.value);
  }
}

HeadState find_head_end(std::string_view text,
                        std::size_t& from,
                        std::size_t& size,
                        Refusal& refusal) {
  // The end may straddle what was looked at before. Searching line by line is faster than memmem().
  std::size_t newline = text.find('\n', from < 3 ? 0 : from - 3);
  while (newline != std::string_view::npos && newline + 2 < text.size()) {
    if (text[newline + 1] == '\r' && text[newline + 2] == '\n' && newline > 0 &&
        text[newline - 1] == '\r') {
      size = newline + 3;
      return HeadState::Complete;
    }
    newline = text.find('\n', newline + 1);
  }
  if (auto broken = broken_line_end(text, from)) {
    refusal = *std::move(broken);
    return HeadState::Malformed;
  }
  from = text.size();
  return HeadState::Incomplete;
}

std::optional<Refusal> check_header_line(std::string_view line, HttpHeader& header) {
  std::size_t colon = 0;
  while (colon < line.size() && is_token_character(line[colon])) {
    ++colon;
  }
  if (colon == 0 || colon == line.size() || line[colon] != ':') {
    const bool is_folded = !line.empty() && (line[0] == ' ' || line[0] == '\t');
    return bad(is_folded ? "header line: expected \"name: value\", got a folded line '" +
                               shown(line) + "'"
                         : "header line: expected \"name: value\", got '" + shown(line) + "'");
  }
  header.name = line.substr(0, colon);
  header.value = trimmed(line.substr(colon + 1));
  if (!is_header_value(header.value)) {
    return bad("header '" + shown(header.name) + "': expected no control characters, got '" +
               shown(header.value) + "'");
  }
  return std::nullopt;
}

std::optional<Refusal> parse_request_head(std::string_view text, RequestHead& head) {
  clear(head);
  std::size_t line_end = text.find(kLineEnd);
  if (auto refusal = parse_request_line(text.substr(0, line_end), head)) {
    return refusal;
  }
  bool has_length = false;
  for (std::size_t at = line_end + 2; at + 2 < text.size(); at = line_end + 2) {
    line_end = text.find(kLineEnd, at);
    if (head.headers.size() == kMaxHeaders) {
      return Refusal{431, "headers: expected at most 100, got more"};
    }
    HttpHeader& header = head.headers.emplace_back();
    if (auto refusal = check_header_line(text.substr(at, line_end - at), header)) {
      return refusal;
    }
    if (auto refusal = take_header(header, has_length, head)) {
      return refusal;
    }
  }
  return check_whole(has_length, head);
}

std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 40;
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (const char c : text.substr(0, kMost)) {
    const auto code = static_cast<unsigned char>(c);
    if (code >= 0x20U && code < 0x7FU) {
      out += c;
    } else {
      out += "\\x";
      out += kHex[code >> 4U];
      out += kHex[code & 15U];
    }
  }
  return text.size() > kMost ? out + "..." : out;
}

}  // namespace aion::net
