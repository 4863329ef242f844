#include "raw_client.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/assert.h"

namespace aion::net {

namespace {

int make_socket(int family) {
  const int made = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{20, 0};
  ::setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  ::setsockopt(made, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  return made;
}

}  // namespace

RawClient::RawClient(const std::string& unix_path) : descriptor_(make_socket(AF_UNIX)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  unix_path.copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
  AION_ASSERT(
      ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
}

RawClient::RawClient(std::uint16_t port) : descriptor_(make_socket(AF_INET)) {
  const int on = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  AION_ASSERT(
      ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
}

RawClient::~RawClient() {
  hang_up();
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool RawClient::is_held_up(std::string_view bytes,
                           std::size_t limit,
                           std::chrono::milliseconds patience) {
  pollfd room{descriptor_, POLLOUT, 0};
  for (std::size_t total = 0; total < limit;) {
    if (::poll(&room, 1, static_cast<int>(patience.count())) == 0) {
      return true;
    }
    const std::string_view rest = bytes.substr(total % bytes.size());
    const ssize_t count =
        ::send(descriptor_, rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count <= 0) {
      return false;
    }
    total += static_cast<std::size_t>(count);
  }
  return false;
}

bool RawClient::receive_more() {
  std::array<char, 65536> bytes{};
  const ssize_t count = ::recv(descriptor_, bytes.data(), bytes.size(), 0);
  if (count > 0) {
    buffer_.append(bytes.data(), static_cast<std::size_t>(count));
  }
  return count > 0;
}

RawResponse RawClient::read(bool is_head) {
  std::size_t end = std::string::npos;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!receive_more()) {
      return {};
    }
  }
  RawResponse response;
  const std::string head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  response.status = std::stoi(head.substr(9, 3));
  for (std::size_t at = head.find("\r\n") + 2; at < head.size(); at = head.find("\r\n", at) + 2) {
    const std::size_t colon = head.find(": ", at);
    std::string name = head.substr(at, colon - at);
    std::transform(
        name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    response.headers[name] = head.substr(colon + 2, head.find("\r\n", at) - colon - 2);
  }
  const auto length = response.headers.find("content-length");
  const std::size_t size =
      is_head || length == response.headers.end() ? 0 : std::stoul(length->second);
  while (buffer_.size() < size) {
    if (!receive_more()) {
      return {};
    }
  }
  response.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return response;
}

RawResponse RawClient::ask(std::string_view bytes) {
  send(bytes);
  return read();
}

bool RawClient::is_closed_by_server() {
  return buffer_.empty() && !receive_more();
}

std::string RawClient::read_to_end() {
  while (receive_more()) {}
  return std::exchange(buffer_, {});
}

void RawClient::finish_sending() {
  ::shutdown(descriptor_, SHUT_WR);
}

void RawClient::hang_up() {
  if (descriptor_ >= 0) {
    ::close(std::exchange(descriptor_, -1));
  }
}

bool RawClient::vanish() {
  const int on = 1;  // tcp(7) does not name it: a socket in repair says nothing at its end
  if (::setsockopt(descriptor_, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) != 0) {
    return false;
  }
  hang_up();
  return true;
}

void RawClient::reset_when_closed() {
  const linger at_once{1, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

}  // namespace aion::net
