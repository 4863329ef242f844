// Accepts connections and deals them out to the io threads in turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/log.h"
#include "base/result.h"
#include "net/io/connection_count.h"
#include "net/io/io_loop.h"

namespace aion::net {

struct ListenerConfig {
  std::string address;     // an IP address, or "localhost"
  std::uint16_t port = 0;  // 0 = any free one
  std::size_t max_connections = 0;
};

/// Makes the connection of an accepted descriptor, which it takes over, for the loop of that index.
using ConnectionMaker = std::function<std::shared_ptr<Connection>(
    std::size_t loop, int descriptor, std::string peer_address)>;

/// Thread safety: everything behind listen() happens on the first loop's io thread, but port().
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(std::vector<std::shared_ptr<IoLoop>> loops,
           ListenerConfig config,
           ConnectionMaker make,
           std::shared_ptr<ConnectionCount> count,
           const Log& log);

  /// Binds; fails with Unavailable, or InvalidArgument when the address is none.
  Result<void> listen();
  void accept();
  void close();
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  void accept_all();
  /// False when there is nothing to accept now.
  bool accept_one();
  void hand_over(int descriptor, std::string peer_address);
  void back_off(int error);

  std::vector<std::shared_ptr<IoLoop>> loops_;
  ListenerConfig config_;
  ConnectionMaker make_;
  std::shared_ptr<ConnectionCount> count_;
  const Log& log_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::size_t next_loop_ = 0;
  std::uint16_t port_ = 0;
  bool is_pausing_ = false;
  bool is_closed_ = false;
};

}  // namespace aion::net
