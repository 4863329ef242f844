// The gRPC server: one listening port for callback services, with reflection.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"

namespace grpc {
class Server;
class Service;
}  // namespace grpc

namespace aion::net {

struct GrpcConfig {
  std::string address = "127.0.0.1";  // an IP address
  std::uint16_t port = 0;             // 0 = any free one
};

/// A server that listens as long as it lives. The library's own threads carry the requests; a
/// handler that blocks one of them holds up others.
///
/// Thread safety: start(), stop() and the destructor from one thread that is none of the library's.
class GrpcServer {
 public:
  /// Listens. The services outlive the server. Fails with Unavailable
  /// ("cannot listen on 127.0.0.1:8001: Address already in use").
  [[nodiscard]] static Result<std::unique_ptr<GrpcServer>> start(
      const GrpcConfig& config, const std::vector<::grpc::Service*>& services, const Log& log);
  ~GrpcServer();
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }

  /// Accepts nobody any more, lets calls under way finish until `limit`, then cancels what is left
  /// and waits for its end. Blocks the caller. The second call does nothing.
  void stop(std::chrono::milliseconds limit);

 private:
  GrpcServer(std::unique_ptr<::grpc::Server> server, std::uint16_t port);

  std::unique_ptr<::grpc::Server> server_;
  std::uint16_t port_;
};

}  // namespace aion::net
