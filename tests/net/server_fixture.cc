#include "server_fixture.h"

#include <stdexcept>

#include <poll.h>
#include <unistd.h>

#include "base/assert.h"

namespace aion::net {

namespace {

std::string_view name_of(HttpMethod method) {
  constexpr std::array<std::string_view, 8> kNames = {
      "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "OTHER"};
  return kNames[static_cast<std::size_t>(method)];
}

std::string alignment_of(const HttpRequest& request) {
  const std::string_view json = request.header("Inference-Header-Content-Length");
  const std::size_t json_size = json.empty() ? 0 : std::stoul(std::string(json));
  return std::to_string((reinterpret_cast<std::uintptr_t>(request.body.data) + json_size) % 64);
}

}  // namespace

boost::asio::awaitable<HttpResponse> ShowingHandler::handle(HttpRequest& request) {
  HttpResponse response;
  if (request.path == "/echo") {
    response.text = std::string(name_of(request.method)) + " " + std::string(request.path) + " ? " +
                    std::string(request.query) + "\n" + std::string(request.body.text());
  } else if (request.path == "/body") {
    response.parts.push_back(request.body);
  } else if (request.path == "/headers") {
    for (const HttpHeader& header : request.headers) {
      response.text += std::string(header.name) + "=" + std::string(header.value) + "\n";
    }
  } else if (request.path == "/wait") {
    co_return co_await wait_for_release(request);
  } else if (request.path == "/away") {
    co_await on(executors_.compute());
    response.text = "away " + std::string(request.body.text());
  } else if (request.path == "/big") {
    const std::size_t size = std::stoul(std::string(request.query)) << 20U;
    response.parts.push_back(SharedBytes::from(std::string(size, 'x')));
  } else if (request.path == "/align") {
    response.text = alignment_of(request);
  } else if (request.path == "/peer") {
    response.text = std::string(request.peer_address);
  } else if (request.path == "/throw") {
    throw std::runtime_error("handler's own fault");
  } else {
    response = HttpResponse::error(404, "Not Found");
  }
  co_return response;
}

boost::asio::awaitable<HttpResponse> ShowingHandler::wait_for_release(HttpRequest& request) {
  co_await on(executors_.blocking());
  std::promise<void> cancelled;
  const CancelHook hook = request.context.cancel.when_cancelled([&] {
    cancelled.set_value();
    go_.set_value();
  });
  is_waiting_.set_value();
  go_.get_future().wait();
  was_cancelled_.set_value(request.context.cancel.is_cancelled());
  co_return HttpResponse::json(200, "\"released\"");
}

void HttpServerTest::start(HttpConfig config) {
  auto started = HttpServer::start(std::move(config), handler_, executors_, log_);
  ASSERT_TRUE(started.has_value()) << started.error().message;
  server_ = *std::move(started);
}

HttpServerTest::~HttpServerTest() {
  server_.reset();
  ::close(log_pipe_[0]);
  ::close(log_pipe_[1]);
}

std::array<int, 2> HttpServerTest::make_pipe() {
  std::array<int, 2> ends{};
  AION_ASSERT(::pipe(ends.data()) == 0);
  return ends;
}

bool HttpServerTest::has_failed_to_accept() {
  std::array<char, 4096> text{};
  pollfd waiting{log_pipe_[0], POLLIN, 0};
  if (::poll(&waiting, 1, 20'000) != 1) {
    return false;
  }
  const ssize_t size = ::read(log_pipe_[0], text.data(), text.size());
  return std::string_view(text.data(), static_cast<std::size_t>(size))
             .find("could not be accepted") != std::string_view::npos;
}

std::string HttpServerTest::post(std::string_view path,
                                 std::string_view body,
                                 std::string_view more_headers) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" +
         std::string(more_headers) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

std::string HttpServerTest::get(std::string_view path, std::string_view more_headers) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" +
         std::string(more_headers) + "\r\n";
}

}  // namespace aion::net
