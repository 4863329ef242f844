// A real server on a free port, with a handler that shows what it was given.
#pragma once

#include <array>
#include <future>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "base/executor.h"
#include "net/http/server.h"
#include "raw_client.h"

namespace aion::net {

/// /echo     "METHOD path ? query\n" and the body
/// /body     the body alone, as a part that shares the request's memory
/// /headers  "name=value\n" of each
/// /wait     ends on a blocking thread, once let_go() was called or the request was cancelled
/// /away     ends on a compute thread
/// /big?N    N MiB in a part
/// /align    where the body begins, modulo 64, plus its JSON size modulo 64
/// /throw    throws
class ShowingHandler final : public HttpHandler {
 public:
  explicit ShowingHandler(Executors& executors) : executors_(executors) {}

  boost::asio::awaitable<HttpResponse> handle(HttpRequest& request) override;

  /// Ends when a request to /wait has begun to wait.
  void wait_until_waiting() { is_waiting_.get_future().wait(); }
  void let_go() { go_.set_value(); }
  /// Whether the request to /wait was cancelled; ends when that is known.
  bool was_cancelled() { return was_cancelled_.get_future().get(); }

 private:
  boost::asio::awaitable<HttpResponse> wait_for_release(HttpRequest& request);

  Executors& executors_;
  std::promise<void> is_waiting_;
  std::promise<void> go_;
  std::promise<bool> was_cancelled_;
};

class HttpServerTest : public ::testing::Test {
 protected:
  /// Starts with `config`; port 0 is chosen by the system.
  void start(HttpConfig config = {});
  [[nodiscard]] std::uint16_t port() const { return server_->port(); }

  ~HttpServerTest() override;
  static std::array<int, 2> make_pipe();

  /// "POST <path> HTTP/1.1" with a Host and the body's length.
  static std::string post(std::string_view path,
                          std::string_view body,
                          std::string_view more_headers = "");
  static std::string get(std::string_view path, std::string_view more_headers = "");

  /// Ends when the server has logged that it could not accept a connection.
  bool has_failed_to_accept();

  std::array<int, 2> log_pipe_ = make_pipe();
  Log log_{LogLevel::Warn, LogFormat::Plain, log_pipe_[1]};
  Executors executors_{{2, 2, 2}};
  ShowingHandler handler_{executors_};
  std::unique_ptr<HttpServer> server_;
};

}  // namespace aion::net
