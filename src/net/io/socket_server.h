// What every server of ours is: listening sockets, a loop for each io thread, an end in good order.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/log.h"
#include "base/result.h"
#include "net/io/connection_count.h"
#include "net/io/io_loop.h"
#include "net/io/listener.h"

namespace aion::net {

/// Makes the connection of an accepted descriptor, which it takes over. `index` is the loop's.
using LoopConnectionMaker = std::function<std::shared_ptr<Connection>(
    std::shared_ptr<IoLoop> loop, std::size_t index, int descriptor, std::string peer_address)>;

/// Thread safety: start() and stop() from one thread that is not an io thread; the rest from any.
class SocketServer {
 public:
  struct Parts {
    LoopConnectionMaker make;  // what it makes removes itself from `count` at its end
    std::shared_ptr<ConnectionCount> count;
    std::chrono::milliseconds tick;  // how often connections are looked at
  };

  /// Listens on the port, and on the Unix socket if there is one. Fails with Unavailable ("cannot
  /// listen on 127.0.0.1:8000: Address already in use").
  [[nodiscard]] static Result<std::unique_ptr<SocketServer>> start(ListenerConfig config,
                                                                   Parts parts,
                                                                   Executors& executors,
                                                                   const Log& log);
  ~SocketServer();
  SocketServer(const SocketServer&) = delete;
  SocketServer& operator=(const SocketServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return listeners_.front()->port(); }
  [[nodiscard]] std::size_t connection_count() const { return count_->get(); }

  /// Accepts nobody any more, lets what is under way finish until `limit`, then ends what is left.
  /// Blocks the caller. The second call does nothing.
  void stop(std::chrono::milliseconds limit);

 private:
  explicit SocketServer(const Log& log) : log_(log) {}

  const Log& log_;
  std::shared_ptr<ConnectionCount> count_;
  std::vector<std::shared_ptr<IoLoop>> loops_;
  std::vector<std::shared_ptr<Listener>> listeners_;  // the port's first
  bool is_stopped_ = false;
};

}  // namespace aion::net
