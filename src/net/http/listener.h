// Accepts connections and deals them out to the io threads in turn.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/result.h"
#include "net/http/connection_environment.h"
#include "net/http/io_loop.h"

namespace aion::net {

/// Thread safety: everything behind listen() happens on the first loop's io thread, but port().
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(std::vector<std::shared_ptr<IoLoop>> loops,
           std::shared_ptr<ConnectionEnvironment> environment);

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
  std::shared_ptr<ConnectionEnvironment> environment_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::size_t next_loop_ = 0;
  std::uint16_t port_ = 0;
  bool is_pausing_ = false;
  bool is_closed_ = false;
};

}  // namespace aion::net
