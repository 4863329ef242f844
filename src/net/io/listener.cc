#include "net/io/listener.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <boost/asio/post.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

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
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes =
      address.ss_family == AF_INET6
          ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr)
          : static_cast<const void*>(&reinterpret_cast<const sockaddr_in&>(address).sin_addr);
  return inet_ntop(address.ss_family, bytes, text.data(), text.size()) != nullptr ? text.data()
                                                                                  : "";
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
      log_(log),
      acceptor_(loops_.front()->executor()),
      pause_(loops_.front()->executor()) {}

Result<void> Listener::listen() {
  boost::system::error_code failed;
  const std::string numeric = config_.address == "localhost" ? "127.0.0.1" : config_.address;
  const asio::ip::address address = asio::ip::make_address(numeric, failed);
  if (failed) {
    return Error{
        Code::InvalidArgument,
        "listening address: expected an IPv4 or IPv6 address, got '" + config_.address + "'"};
  }
  const asio::ip::tcp::endpoint endpoint(address, config_.port);
  acceptor_.open(endpoint.protocol(), failed);
  if (!failed) {
    acceptor_.set_option(asio::ip::tcp::acceptor::reuse_address(true), failed);
  }
  if (!failed) {
    acceptor_.bind(endpoint, failed);
  }
  if (!failed) {
    acceptor_.listen(kBacklog, failed);
  }
  if (!failed) {
    acceptor_.non_blocking(true, failed);
  }
  if (!failed) {
    port_ = acceptor_.local_endpoint(failed).port();
  }
  if (failed) {
    return Error{Code::Unavailable,
                 "cannot listen on " + config_.address + ":" + std::to_string(config_.port) + ": " +
                     failed.message()};
  }
  return {};
}

void Listener::accept() {
  acceptor_.async_wait(asio::socket_base::wait_read,
                       [self = shared_from_this()](const boost::system::error_code& failed) {
                         if (!failed && !self->is_closed_) {
                           self->accept_all();
                         }
                       });
}

void Listener::close() {
  is_closed_ = true;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

void Listener::accept_all() {
  for (int i = 0; i < kBatch && accept_one(); ++i) {}
  if (!is_pausing_) {
    accept();
  }
}

bool Listener::accept_one() {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  const int descriptor = ::accept4(acceptor_.native_handle(),
                                   reinterpret_cast<sockaddr*>(&address),
                                   &size,
                                   SOCK_NONBLOCK | SOCK_CLOEXEC);
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
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ::setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));  // finds hosts that vanished
  count_->add();
  const std::size_t index = next_loop_++ % loops_.size();
  // Made here, so that the descriptor has an owner from now on.
  auto connection = make_(index, descriptor, std::move(peer_address));
  asio::dispatch(loops_[index]->native_executor(),
                 [connection = std::move(connection), is_welcome = count < limit] {
                   connection->start(is_welcome);
                 });
}

void Listener::back_off(int error) {
  log_.warn("connections could not be accepted", {{"reason", std::strerror(error)}});
  is_pausing_ = true;
  pause_.expires_after(kPause);
  pause_.async_wait([self = shared_from_this()](const boost::system::error_code& /*failed*/) {
    self->is_pausing_ = false;
    if (!self->is_closed_) {
      self->accept();
    }
  });
}

}  // namespace aion::net
