#include "net/io/listener.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <arpa/inet.h>
#include <boost/asio/dispatch.hpp>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ip_address.h"

namespace aion::net {

namespace asio = boost::asio;

namespace {

constexpr int kBacklog = 4096;
// How many connections are accepted before others get their turn.
constexpr int kBatch = 64;
// When the process has no descriptor left, accepting again at once would only burn the processor.
constexpr std::chrono::milliseconds kPause{100};
// So many more than allowed are told that there are too many; the rest is closed without a word.
constexpr std::size_t kRefusedAtOnce = 256;

std::string text_of(const sockaddr_storage& address) {
  if (address.ss_family == AF_UNIX) {
    return std::string(kUnixPeer);
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes =
      address.ss_family == AF_INET6
          ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr)
          : static_cast<const void*>(&reinterpret_cast<const sockaddr_in&>(address).sin_addr);
  return inet_ntop(address.ss_family, bytes, text.data(), text.size()) != nullptr ? text.data()
                                                                                  : "";
}

void set_option(int descriptor, int level, int name, int value) {
  ::setsockopt(descriptor, level, name, &value, sizeof(value));
}

/// A host that vanishes says nothing: the kernel asks a silent peer whether it is there (after half
/// of the time, then every eighth), and gives one up that leaves what was sent unacknowledged, or
/// its window shut, for the whole of it. tcp(7)
void find_vanished_peers(int descriptor, std::chrono::seconds timeout) {
  const auto whole = static_cast<int>(timeout.count());
  set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, std::max(whole / 2, 1));
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, std::max(whole / 8, 1));
  set_option(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, whole * 1000);
}

}  // namespace

Listener::Listener(std::vector<std::shared_ptr<IoLoop>> loops,
                   ListenerConfig config,
                   ConnectionMaker make,
                   std::shared_ptr<ConnectionCount> count,
                   const Log& log)
    : loops_(std::move(loops)),
      config_(std::move(config)),
      make_(std::move(make)),
      count_(std::move(count)),
      log_(log) {}

Listener::~Listener() {
  close_socket();
}

Result<void> Listener::listen() {
  if (config_.unix_path.empty()) {
    return listen_on_port();
  }
  AION_TRY(const UnixSocket made, listen_on_unix(config_.unix_path, kBacklog));
  descriptor_ = made.descriptor;
  file_ = made.file;
  return {};
}

Result<void> Listener::listen_on_port() {
  const std::string numeric = config_.address == "localhost" ? "127.0.0.1" : config_.address;
  addrinfo wanted{};
  wanted.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  in_addr v4{};
  // getaddrinfo() also takes what inet_aton() takes: "0", "8000".
  const bool is_no_address =
      numeric.find(':') == std::string::npos && ::inet_pton(AF_INET, numeric.c_str(), &v4) != 1;
  if (is_no_address ||
      ::getaddrinfo(numeric.c_str(), std::to_string(config_.port).c_str(), &wanted, &found) != 0) {
    return Error{
        Code::InvalidArgument,
        "listening address: expected an IPv4 or IPv6 address, got '" + config_.address + "'"};
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, ::freeaddrinfo);
  if (!bind_to(*found)) {
    return Error{Code::Unavailable,
                 "cannot listen on " + with_port(config_.address, config_.port) + ": " +
                     std::strerror(errno)};
  }
  return {};
}

/// False with errno set.
bool Listener::bind_to(const addrinfo& address) {
  descriptor_ = ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (descriptor_ < 0 ||
      ::setsockopt(descriptor_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
      ::bind(descriptor_, address.ai_addr, address.ai_addrlen) != 0 ||
      ::listen(descriptor_, kBacklog) != 0) {
    return false;
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  if (::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    return false;
  }
  port_ = ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                            : reinterpret_cast<sockaddr_in&>(bound).sin_port);
  return true;
}

void Listener::accept() {
  // Not edge-triggered: what one turn leaves is told again.
  is_watched_ = loops_.front()->events().add(descriptor_, EPOLLIN, *this);
  if (!is_watched_) {
    back_off(errno);
  }
}

void Listener::close() {
  pause_.reset();
  unwatch();
  close_socket();
}

void Listener::close_socket() {
  if (descriptor_ >= 0) {
    file_.remove();  // first: what listens nowhere must not be found
    ::close(std::exchange(descriptor_, -1));
  }
}

void Listener::unwatch() {
  if (std::exchange(is_watched_, false)) {
    loops_.front()->events().remove(descriptor_, *this);
  }
}

void Listener::on_events(std::uint32_t /*events*/) {
  for (int i = 0; i < kBatch && accept_one(); ++i) {}
}

bool Listener::accept_one() {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  const int descriptor = ::accept4(
      descriptor_, reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor >= 0) {
    hand_over(descriptor, text_of(address));
    return true;
  }
  switch (errno) {
    case EAGAIN:
      return false;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      back_off(errno);
      return false;
    default:
      return true;  // this one is lost (accept(2) lists the network's errors); the next may not be
  }
}

void Listener::hand_over(int descriptor, std::string peer_address) {
  const std::size_t limit = config_.max_connections;
  const std::size_t count = count_->get();
  if (count >= limit + kRefusedAtOnce) {
    ::close(descriptor);
    return;
  }
  if (config_.unix_path.empty()) {
    set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    find_vanished_peers(descriptor, config_.peer_timeout);
  }
  count_->add();
  const std::size_t index = next_loop_++ % loops_.size();
  // Made here, so that the descriptor has an owner from now on.
  auto connection = make_(index, descriptor, std::move(peer_address));
  asio::dispatch(loops_[index]->executor(),
                 [connection = std::move(connection), is_welcome = count < limit] {
                   connection->start(is_welcome);
                 });
}

void Listener::back_off(int error) {
  log_.warn("connections could not be accepted", {{"reason", std::strerror(error)}});
  unwatch();
  pause_ = loops_.front()->events().at(std::chrono::steady_clock::now() + kPause,
                                       [weak = weak_from_this()] {
                                         const auto self = weak.lock();
                                         if (self && self->descriptor_ >= 0) {
                                           self->accept();
                                         }
                                       });
}

}  // namespace aion::net
