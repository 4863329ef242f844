// The gRPC server (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md): one listening
// port, connections spread over the io threads, with reflection.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/log.h"
#include "base/result.h"
#include "net/grpc/call.h"

namespace aion::net {

class SocketServer;

struct GrpcConfig {
  std::string address = "127.0.0.1";  // an IP address
  std::uint16_t port = 0;             // 0 = any free one
  /// Of one message. The default of 4 MiB that other servers have breaks clients that
  /// send images.
  std::size_t max_message_bytes = (std::size_t{1} << 31U) - 1;
  /// Of a compressed message, unpacked: it is unpacked on the io thread.
  std::size_t max_unpacked_bytes = 64U << 20U;
  std::size_t max_metadata_bytes = 16U << 10U;  // of one call
  std::uint32_t max_streams = 1024;             // calls at once on one connection
  std::string unix_path = {};                   // listens here, too; empty = on no Unix socket
  std::size_t max_connections = 20'000;
  std::chrono::seconds peer_timeout{120};               // to find that a client's host has vanished
  std::chrono::milliseconds handshake_timeout{30'000};  // to the client's first settings
  std::chrono::milliseconds progress_timeout{120'000};  // a message or an answer that stands still
  // A silent client with calls under way is asked whether it lives; Triton's defaults.
  std::chrono::milliseconds keepalive_time{7'200'000};
  std::chrono::milliseconds keepalive_timeout{20'000};
};

/// A server that listens as long as it lives.
///
/// Thread safety: start(), stop() and the destructor from one thread that is not an io thread.
class GrpcServer {
 public:
  /// Listens. Fails with Unavailable ("cannot listen on 127.0.0.1:8001: Address already in use").
  [[nodiscard]] static Result<std::unique_ptr<GrpcServer>> start(GrpcConfig config,
                                                                 std::vector<GrpcService> services,
                                                                 Executors& executors,
                                                                 const Log& log);
  ~GrpcServer();
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::size_t connection_count() const;

  /// Accepts nobody any more, lets calls under way finish until `limit`, then cancels what is left.
  /// Blocks the caller. The second call does nothing.
  void stop(std::chrono::milliseconds limit);

 private:
  explicit GrpcServer(std::unique_ptr<SocketServer> server);

  std::unique_ptr<SocketServer> server_;
};

}  // namespace aion::net
