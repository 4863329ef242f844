#include "net/http/server.h"

#include <algorithm>
#include <utility>

#include "net/http/connection_environment.h"
#include "net/http/http_connection.h"
#include "net/io/socket_server.h"

namespace aion::net {

namespace {

/// Timeouts need no better than a tenth of the shortest, and none below a second is usual.
std::chrono::milliseconds tick_of(const HttpConfig& config) {
  const auto shortest = std::min({config.header_timeout, config.body_timeout, config.idle_timeout});
  return std::clamp(shortest / 10, std::chrono::milliseconds(1), std::chrono::milliseconds(1000));
}

}  // namespace

HttpServer::HttpServer(std::unique_ptr<SocketServer> server) : server_(std::move(server)) {}

HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpConfig config,
                                                      HttpHandler& handler,
                                                      Executors& executors,
                                                      const Log& log) {
  auto environment = std::make_shared<ConnectionEnvironment>(
      std::move(config), handler, executors.io_count(), log);
  const HttpConfig& wanted = environment->config;
  const ListenerConfig listen{wanted.address, wanted.port, wanted.max_connections};
  const auto make = [environment](
                        std::shared_ptr<IoLoop> loop, std::size_t index, int fd, std::string peer) {
    HttpMemory& memory = environment->memory[index];
    return std::make_shared<HttpConnection>(
        std::move(loop), environment, memory, fd, std::move(peer));
  };
  AION_TRY(
      auto server,
      SocketServer::start(listen, {make, environment->count, tick_of(wanted)}, executors, log));
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(server)));
}

std::uint16_t HttpServer::port() const {
  return server_->port();
}

std::size_t HttpServer::connection_count() const {
  return server_->connection_count();
}

void HttpServer::stop(std::chrono::milliseconds limit) {
  server_->stop(limit);
}

}  // namespace aion::net
