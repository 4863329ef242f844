#include "net/io/socket_server.h"

#include <future>
#include <utility>

#include <boost/asio/post.hpp>

namespace aion::net {

namespace {

// How long handlers that were cancelled may take to end.
constexpr std::chrono::seconds kHandlerGrace{5};

}  // namespace

Result<std::unique_ptr<SocketServer>> SocketServer::start(ListenerConfig config,
                                                          Parts parts,
                                                          Executors& executors,
                                                          const Log& log) {
  std::unique_ptr<SocketServer> server(new SocketServer(log));
  server->count_ = std::move(parts.count);
  std::vector<std::shared_ptr<IoLoop>>& loops = server->loops_;
  for (std::size_t i = 0; i < executors.io_count(); ++i) {
    loops.push_back(std::make_shared<IoLoop>(executors.loop(i), parts.tick));
  }
  auto make = [loops, make = std::move(parts.make)](
                  std::size_t index, int descriptor, std::string peer_address) {
    return make(loops[index], index, descriptor, std::move(peer_address));
  };
  std::vector<ListenerConfig> sockets{config};
  sockets.front().unix_path.clear();
  if (!config.unix_path.empty()) {
    sockets.push_back(std::move(config));
  }
  for (ListenerConfig& socket : sockets) {
    server->listeners_.push_back(
        std::make_shared<Listener>(loops, std::move(socket), make, server->count_, log));
    AION_TRY_VOID(server->listeners_.back()->listen());
  }
  boost::asio::post(loops.front()->executor(), [listeners = server->listeners_] {
    for (const auto& listener : listeners) {
      listener->accept();
    }
  });
  return server;
}

SocketServer::~SocketServer() {
  stop(std::chrono::milliseconds(0));
}

void SocketServer::stop(std::chrono::milliseconds limit) {
  if (loops_.empty() || std::exchange(is_stopped_, true)) {
    return;
  }
  auto closed = std::make_shared<std::promise<void>>();
  const std::future<void> is_closed = closed->get_future();
  boost::asio::post(loops_.front()->executor(), [listeners = listeners_, closed] {
    for (const auto& listener : listeners) {
      listener->close();
    }
    closed->set_value();
  });
  // Bounded, because an io thread that has been joined already never answers.
  is_closed.wait_for(kHandlerGrace);
  for (const auto& loop : loops_) {
    boost::asio::post(loop->executor(), [loop] { loop->begin_stop(); });
  }
  if (!count_->wait_for_none(limit)) {
    for (const auto& loop : loops_) {
      boost::asio::post(loop->executor(), [loop] { loop->abort(); });
    }
    if (!count_->wait_for_none(kHandlerGrace)) {
      log_.warn("handlers were left behind", {{"connections", count_->get()}});
    }
  }
}

}  // namespace aion::net
