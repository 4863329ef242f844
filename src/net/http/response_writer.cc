#include "net/http/response_writer.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <ctime>

#include <sys/socket.h>
#include <sys/uio.h>

namespace aion::net {

namespace {

// Up to here one copy costs less than a second piece in a gathered write.
constexpr std::size_t kSmallBody = 2048;
constexpr std::size_t kMaxPieces = 64;

void append_number(std::string& out, std::size_t number) {
  std::array<char, 20> digits{};
  const auto [end, failed] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

/// A line break in a value would let the one who chose the value write headers of his own.
void append_value(std::string& out, std::string_view value) {
  for (const char c : value) {
    out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
  }
}

/// "Date: Tue, 15 Nov 1994 08:12:31 GMT\r\n" (RFC 9110, 6.6.1), made anew once a second by each
/// thread.
std::string_view date_line() {
  thread_local std::time_t made_at = -1;
  thread_local std::array<char, 48> line{};
  thread_local std::size_t size = 0;
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != made_at) {
    made_at = now.tv_sec;
    std::tm utc{};
    gmtime_r(&made_at, &utc);
    size = std::strftime(line.data(), line.size(), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
  }
  return {line.data(), size};
}

bool may_have_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

/// Lists the pieces of a message that are not sent yet.
class Pieces {
 public:
  explicit Pieces(std::size_t skip) : skip_(skip) {}

  void add(const void* data, std::size_t size) {
    if (skip_ >= size) {
      skip_ -= size;
      return;
    }
    if (count_ < kMaxPieces) {
      iovec& piece = pieces_[count_++];
      piece.iov_base = const_cast<char*>(static_cast<const char*>(data)) + skip_;
      piece.iov_len = size - skip_;
      skip_ = 0;
    }
  }

  ssize_t send(int descriptor) {
    if (count_ == 1) {
      return ::send(
          descriptor, pieces_[0].iov_base, pieces_[0].iov_len, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    msghdr message{};
    message.msg_iov = pieces_.data();
    message.msg_iovlen = count_;
    return ::sendmsg(descriptor, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  }

 private:
  std::size_t skip_;
  std::size_t count_ = 0;
  std::array<iovec, kMaxPieces> pieces_;  // only the first count_ are ever read
};

}  // namespace

std::string_view reason_phrase(int status) {
  struct Phrase {
    int status;
    std::string_view text;
  };
  constexpr std::array<Phrase, 29> kPhrases = {{
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {206, "Partial Content"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {413, "Content Too Large"},
      {415, "Unsupported Media Type"},
      {417, "Expectation Failed"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {499, "Client Closed Request"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
  }};
  for (const Phrase& phrase : kPhrases) {
    if (phrase.status == status) {
      return phrase.text;
    }
  }
  return "Unknown";
}

ResponseWriter::ResponseWriter(const HttpResponse& response,
                               ResponseStyle style,
                               std::string memory)
    : response_(response), head_(std::move(memory)) {
  head_.clear();
  std::size_t body_size = response.text.size();
  for (const SharedBytes& part : response.parts) {
    body_size += part.size;
  }
  write_head(style, body_size);
  total_ = head_.size();
  if (style.head_only || !may_have_body(response.status)) {
    return;
  }
  total_ += body_size;
  has_separate_body_ = body_size > kSmallBody;
  if (!has_separate_body_) {
    head_ += response.text;
    for (const SharedBytes& part : response.parts) {
      head_ += part.text();
    }
  }
}

void ResponseWriter::write_head(ResponseStyle style, std::size_t body_size) {
  if (response_.status == 200) {
    head_ += "HTTP/1.1 200 OK\r\n";
  } else {
    head_ += "HTTP/1.1 ";
    append_number(head_, static_cast<std::size_t>(response_.status));
    head_ += ' ';
    head_ += reason_phrase(response_.status);
    head_ += "\r\n";
  }
  if (may_have_body(response_.status)) {
    if (!response_.content_type.empty()) {
      head_ += "Content-Type: ";
      head_ += response_.content_type;
      head_ += "\r\n";
    }
    head_ += "Content-Length: ";
    append_number(head_, body_size);
    head_ += "\r\n";
  }
  for (const auto& [name, value] : response_.headers) {
    head_ += name;
    head_ += ": ";
    append_value(head_, value);
    head_ += "\r\n";
  }
  if (style.closes) {
    head_ += "Connection: close\r\n";
  } else if (style.names_keep_alive) {
    head_ += "Connection: keep-alive\r\n";
  }
  head_ += date_line();
  head_ += "\r\n";
}

ResponseWriter::Outcome ResponseWriter::send(int descriptor) {
  while (sent_ < total_) {
    Pieces pieces(sent_);
    pieces.add(head_.data(), head_.size());
    if (has_separate_body_) {
      pieces.add(response_.text.data(), response_.text.size());
      for (const SharedBytes& part : response_.parts) {
        pieces.add(part.data, part.size);
      }
    }
    const ssize_t count = pieces.send(descriptor);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return errno == EAGAIN || errno == EWOULDBLOCK ? Outcome::Blocked : Outcome::Failed;
    }
    sent_ += static_cast<std::size_t>(count);
  }
  return Outcome::Done;
}

}  // namespace aion::net
