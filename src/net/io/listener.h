// Accepts connections and deals them out to the io threads in turn.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <netdb.h>

#include "base/event_loop.h"
#include "base/log.h"
#include "base/result.h"
#include "net/io/connection_count.h"
#include "net/io/io_loop.h"
#include "net/io/unix_socket.h"

namespace aion::net {

struct ListenerConfig {
  std::string address;     // an IP address, or "localhost"
  std::uint16_t port = 0;  // 0 = any free one
  std::string unix_path;   // of a Unix socket, which a Listener takes in the place of the port
  std::size_t max_connections = 0;
  /// A peer that the network has lost is given up after so long; whole seconds.
  std::chrono::seconds peer_timeout{120};
};

/// Makes the connection of an accepted descriptor, which it takes over, for the loop of that index.
using ConnectionMaker = std::function<std::shared_ptr<Connection>(
    std::size_t loop, int descriptor, std::string peer_address)>;

/// Thread safety: everything behind listen() happens on the first loop's io thread, but port().
class Listener final : public EventLoop::Watcher, public std::enable_shared_from_this<Listener> {
 public:
  Listener(std::vector<std::shared_ptr<IoLoop>> loops,
           ListenerConfig config,
           ConnectionMaker make,
           std::shared_ptr<ConnectionCount> count,
           const Log& log);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Binds; fails with Unavailable, or InvalidArgument when the address is none or the path too
  /// long.
  Result<void> listen();
  /// Begins to accept.
  void accept();
  void close();
  /// 0 for a Unix socket.
  [[nodiscard]] std::uint16_t port() const { return port_; }

  void on_events(std::uint32_t events) override;

 private:
  Result<void> listen_on_port();
  bool bind_to(const addrinfo& address);
  void unwatch();
  void close_socket();
  /// False when there is nothing to accept now.
  bool accept_one();
  void hand_over(int descriptor, std::string peer_address);
  void back_off(int error);

  std::vector<std::shared_ptr<IoLoop>> loops_;
  ListenerConfig config_;
  ConnectionMaker make_;
  std::shared_ptr<ConnectionCount> count_;
  const Log& log_;
  int descriptor_ = -1;
  UnixSocketFile file_;  // with unix_path
  std::unique_ptr<Timer> pause_;
  std::size_t next_loop_ = 0;
  std::uint16_t port_ = 0;
  bool is_watched_ = false;
};

}  // namespace aion::net
