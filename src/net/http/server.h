// The HTTP/1.1 server: one listening socket, connections spread over the io threads.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/executor.h"
#include "base/log.h"
#include "base/result.h"
#include "net/http/message.h"

namespace aion::net {

class SocketServer;

struct HttpConfig {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0 = any free one
  std::size_t max_header_bytes = 32U << 10U;
  std::size_t max_body_bytes = 64U << 20U;  // Triton's --http-max-input-size
  std::chrono::milliseconds header_timeout{
      30'000};  // from the first byte of a request to its last header
  std::chrono::milliseconds body_timeout{120'000};  // without a byte of progress
  std::chrono::milliseconds idle_timeout{600'000};  // between requests
  std::string unix_path;                            // listens here, too; empty = on no Unix socket
  std::size_t max_connections = 20'000;
  std::chrono::seconds peer_timeout{120};  // to find that a client's host has vanished
  /// Host names (without port) that requests may be addressed to; against DNS rebinding. Loopback
  /// names and the listening address are always allowed. Empty and `allow_any_host` false = only
  /// those.
  std::vector<std::string> allowed_hosts;
  bool allow_any_host = false;
};

/// Answers requests. handle() runs on the connection's io thread, which it must not block, and ends
/// on any thread. Requests of one connection come one after another.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  /// `request` outlives the await.
  [[nodiscard]] virtual boost::asio::awaitable<HttpResponse> handle(HttpRequest& request) = 0;
};

/// Gives each path prefix to one handler; the longest prefix wins. Answers 404 {"error":"Not
/// Found"} for the rest.
/// "/v2" matches "/v2" and "/v2/...", not "/v2x".
class HttpRouter final : public HttpHandler {
 public:
  /// `handler` outlives the router. Called before the server starts.
  void mount(std::string prefix, HttpHandler& handler);
  [[nodiscard]] boost::asio::awaitable<HttpResponse> handle(HttpRequest& request) override;

 private:
  std::vector<std::pair<std::string, HttpHandler*>> routes_;  // longest prefix first
};

/// A server that listens as long as it lives.
///
/// Thread safety: start() and stop() from one thread that is not an io thread.
class HttpServer {
 public:
  /// Listens. Fails with Unavailable ("cannot listen on 127.0.0.1:8000: Address already in use").
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> start(HttpConfig config,
                                                                 HttpHandler& handler,
                                                                 Executors& executors,
                                                                 const Log& log);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::size_t connection_count() const;

  /// Accepts nobody any more, closes idle connections, lets requests under way finish until `limit`
  /// (their answers say "Connection: close"), then closes what is left. Blocks the caller.
  void stop(std::chrono::milliseconds limit);

 private:
  explicit HttpServer(std::unique_ptr<SocketServer> server);
  std::unique_ptr<SocketServer> server_;
};

}  // namespace aion::net
