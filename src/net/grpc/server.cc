#include "net/grpc/server.h"

#include <utility>

#include "net/grpc/environment.h"
#include "net/grpc/grpc_connection.h"
#include "net/grpc/reflection.h"
#include "net/io/socket_server.h"
#include "net/io/turn.h"

namespace aion::net {

namespace {

GrpcMethods methods_of(std::vector<GrpcService> services) {
  std::vector<std::string> names;
  for (const GrpcService& service : services) {
    names.push_back(service.name);
  }
  for (GrpcService& service : reflection_services(names)) {
    services.push_back(std::move(service));
  }
  GrpcMethods methods;
  for (GrpcService& service : services) {
    for (auto& [name, method] : service.methods) {
      methods.emplace("/" + service.name + "/" + name, std::move(method));
    }
  }
  return methods;
}

}  // namespace

GrpcServer::GrpcServer(std::unique_ptr<SocketServer> server) : server_(std::move(server)) {}

GrpcServer::~GrpcServer() = default;

Result<std::unique_ptr<GrpcServer>> GrpcServer::start(GrpcConfig config,
                                                      std::vector<GrpcService> services,
                                                      Executors& executors,
                                                      const Log& log) {
  auto environment = std::make_shared<GrpcEnvironment>(
      std::move(config), methods_of(std::move(services)), executors.io_count(), log);
  const GrpcConfig& wanted = environment->config;
  const ListenerConfig listen{
      wanted.address, wanted.port, wanted.unix_path, wanted.max_connections, wanted.peer_timeout};
  const auto make = [environment](
                        std::shared_ptr<IoLoop> loop, std::size_t index, int fd, std::string peer) {
    std::string& output = environment->output[index];
    return std::make_shared<GrpcConnection>(
        std::move(loop), environment, output, fd, std::move(peer));
  };
  const auto tick = tick_of({wanted.handshake_timeout,
                             wanted.progress_timeout,
                             wanted.keepalive_time,
                             wanted.keepalive_timeout});
  AION_TRY(auto server,
           SocketServer::start(listen, {make, environment->count, tick}, executors, log));
  log.info("grpc server started", {{"address", wanted.address}, {"port", server->port()}});
  return std::unique_ptr<GrpcServer>(new GrpcServer(std::move(server)));
}

std::uint16_t GrpcServer::port() const {
  return server_->port();
}

std::size_t GrpcServer::connection_count() const {
  return server_->connection_count();
}

void GrpcServer::stop(std::chrono::milliseconds limit) {
  server_->stop(limit);
}

}  // namespace aion::net
