// A real HttpServer whose answers are fixed: for tests of clients.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/assert.h"
#include "base/executor.h"
#include "net/http/server.h"

namespace aion::net {

/// /ok        "fine"
/// /show      method, headers and body of the request
/// /fail      400 {"error":"no"}
/// /sometimes every tenth request fails with 503
class CannedServer final : public HttpHandler {
 public:
  CannedServer() {
    auto started = HttpServer::start({}, *this, executors_, log_);
    AION_ASSERT(started.has_value());
    server_ = *std::move(started);
  }

  [[nodiscard]] std::uint16_t port() const { return server_->port(); }
  [[nodiscard]] int request_count() const { return count_; }

  boost::asio::awaitable<HttpResponse> handle(HttpRequest& request) override {
    const int number = ++count_;
    HttpResponse response = HttpResponse::json(200, "fine");
    if (request.path == "/show") {
      response.text = request.method == HttpMethod::Post ? "POST\n" : "GET\n";
      for (const HttpHeader& header : request.headers) {
        response.text += std::string(header.name) + "=" + std::string(header.value) + "\n";
      }
      response.text += request.body.text();
      response.headers.emplace_back("X-Answer", "yes");
    } else if (request.path == "/fail") {
      response = HttpResponse::error(400, "no");
    } else if (request.path == "/sometimes" && number % 10 == 0) {
      response = HttpResponse::error(503, "try later");
    }
    co_return response;
  }

 private:
  Log log_{LogLevel::Off};
  Executors executors_{{1, 1, 1}};
  std::atomic<int> count_ = 0;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace aion::net
