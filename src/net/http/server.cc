#include "net/http/server.h"

#include <algorithm>
#include <future>
#include <utility>

#include <boost/asio/post.hpp>

#include "net/http/connection_environment.h"
#include "net/http/io_loop.h"
#include "net/http/listener.h"

namespace aion::net {

namespace {

// How long handlers that were cancelled may take to end.
constexpr std::chrono::seconds kHandlerGrace{5};

/// Timeouts need no better than a tenth of the shortest, and none below a second is usual.
std::chrono::milliseconds tick_of(const HttpConfig& config) {
  const auto shortest = std::min({config.header_timeout, config.body_timeout, config.idle_timeout});
  return std::clamp(shortest / 10, std::chrono::milliseconds(1), std::chrono::milliseconds(1000));
}

}  // namespace

struct HttpServer::State {
  std::shared_ptr<ConnectionEnvironment> environment;
  std::vector<std::shared_ptr<IoLoop>> loops;
  std::shared_ptr<Listener> listener;
  bool is_stopped = false;
};

HttpServer::HttpServer(std::shared_ptr<State> state) : state_(std::move(state)) {}

HttpServer::~HttpServer() {
  stop(std::chrono::milliseconds(0));
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpConfig config,
                                                      HttpHandler& handler,
                                                      Executors& executors,
                                                      const Log& log) {
  auto state = std::make_shared<State>();
  state->environment = std::make_shared<ConnectionEnvironment>(std::move(config), handler, log);
  for (std::size_t i = 0; i < executors.io_count(); ++i) {
    AION_TRY(auto loop, IoLoop::create(executors.io(i), tick_of(state->environment->config)));
    state->loops.push_back(std::move(loop));
  }
  state->listener = std::make_shared<Listener>(state->loops, state->environment);
  AION_TRY_VOID(state->listener->listen());
  for (const auto& loop : state->loops) {
    loop->start();
  }
  boost::asio::post(state->loops.front()->executor(),
                    [listener = state->listener] { listener->accept(); });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

std::uint16_t HttpServer::port() const {
  return state_->listener->port();
}

std::size_t HttpServer::connection_count() const {
  return state_->environment->count.get();
}

void HttpServer::stop(std::chrono::milliseconds limit) {
  if (std::exchange(state_->is_stopped, true)) {
    return;
  }
  auto closed = std::make_shared<std::promise<void>>();
  const std::future<void> is_closed = closed->get_future();
  boost::asio::post(state_->loops.front()->executor(), [listener = state_->listener, closed] {
    listener->close();
    closed->set_value();
  });
  // Bounded, because an io thread that has been joined already never answers.
  is_closed.wait_for(kHandlerGrace);
  for (const auto& loop : state_->loops) {
    boost::asio::post(loop->executor(), [loop] { loop->begin_stop(); });
  }
  ConnectionCount& count = state_->environment->count;
  if (!count.wait_for_none(limit)) {
    for (const auto& loop : state_->loops) {
      boost::asio::post(loop->executor(), [loop] { loop->abort(); });
    }
    if (!count.wait_for_none(kHandlerGrace)) {
      state_->environment->log.warn("handlers were left behind", {{"connections", count.get()}});
    }
  }
  for (const auto& loop : state_->loops) {
    boost::asio::post(loop->executor(), [loop] { loop->close(); });
  }
}

}  // namespace aion::net
