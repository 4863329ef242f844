#include "net/http/server.h"

#include <utility>

#include "net/http/http_connection.h"
#include "net/http/http_environment.h"
#include "net/io/socket_server.h"
#include "net/io/turn.h"

namespace aion::net {

HttpServer::HttpServer(std::unique_ptr<SocketServer> server) : server_(std::move(server)) {}

HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpConfig config,
                                                      HttpHandler& handler,
                                                      Executors& executors,
                                                      const Log& log) {
  auto environment =
      std::make_shared<HttpEnvironment>(std::move(config), handler, executors.io_count(), log);
  const HttpConfig& wanted = environment->config;
  const ListenerConfig listen{
      wanted.address, wanted.port, wanted.unix_path, wanted.max_connections, wanted.peer_timeout};
  const auto make = [environment](
                        std::shared_ptr<IoLoop> loop, std::size_t index, int fd, std::string peer) {
    HttpMemory& memory = environment->memory[index];
    return std::make_shared<HttpConnection>(
        std::move(loop), environment, memory, fd, std::move(peer));
  };
  const auto tick = tick_of({wanted.header_timeout, wanted.body_timeout, wanted.idle_timeout});
  AION_TRY(auto server,
           SocketServer::start(listen, {make, environment->count, tick}, executors, log));
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
