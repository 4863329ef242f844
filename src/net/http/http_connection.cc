#include "net/http/http_connection.h"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/io/turn.h"

namespace aion::net {

namespace asio = boost::asio;

namespace {

// Of requests behind the one that is being answered. What is more waits in the socket.
constexpr std::size_t kReadAhead = 256U << 10U;

}  // namespace

HttpConnection::HttpConnection(std::shared_ptr<IoLoop> loop,
                               std::shared_ptr<HttpEnvironment> environment,
                               HttpMemory& memory,
                               int descriptor,
                               std::string peer_address)
    : loop_(std::move(loop)),
      environment_(std::move(environment)),
      memory_(memory),
      peer_address_(std::move(peer_address)),
      input_(loop_->read_buffer),
      descriptor_(descriptor) {}

HttpConnection::~HttpConnection() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

void HttpConnection::start(bool is_welcome) {
  if (loop_->is_stopping() || !loop_->add(*this, descriptor_)) {
    ended();
    return;
  }
  enter(Phase::Idle);
  if (!is_welcome) {
    refuse(Refusal{503,
                   "the server has its limit of " +
                       std::to_string(environment_->config.max_connections) +
                       " connections; try again later"});
  }
  auto served = is_welcome ? serve() : refuse_and_drain();
  asio::co_spawn(loop_->executor(),
                 std::move(served),
                 [self = shared_from_this()](const std::exception_ptr& thrown) {
                   if (thrown) {
                     self->environment_->log.error("connection ended by an exception",
                                                   {{"peer", self->peer_address_}});
                   }
                   self->ended();
                 });
}

void HttpConnection::ended() {
  if (!std::exchange(has_ended_, true)) {
    loop_->remove(*this, descriptor_);
    ::close(std::exchange(descriptor_, -1));
    environment_->count->remove();
  }
}

asio::awaitable<void> HttpConnection::serve() {
  while (keeps_alive_) {
    Step step = take_head();
    for (int reads = 0; step == Step::More; ++reads) {
      if (!has_input_) {
        co_await readable();
        reads = 0;
      } else if (reads == kReadsPerTurn) {
        co_await next_turn();
        reads = 0;
      }
      step = take_input();
    }
    if (step == Step::Ended) {
      co_return;
    }
    if (step == Step::Refused) {
      co_await refuse_and_drain();
      co_return;
    }
    HttpResponse response;
    begin_handling();
    try {
      response = co_await environment_->handler.handle(request_);
    } catch (const std::exception& thrown) {
      environment_->log.error("handler failed", {{"path", request_.path}, {"what", thrown.what()}});
      response = HttpResponse::error(500, "internal error");
    }
    if (!loop_->is_this_thread()) {
      co_await to_loop();
    }
    enter(Phase::Writing);
    keeps_alive_ = keeps_alive_ && !loop_->is_stopping();
    ResponseStyle style;
    style.closes = !keeps_alive_;
    style.names_keep_alive = is_http_1_0_;
    style.head_only = request_.method == HttpMethod::Head;
    ResponseWriter writer(response, style, std::move(memory_.response_head));
    const auto outcome = writer.send(descriptor_);
    if (outcome == ResponseWriter::Outcome::Failed) {
      co_return;
    }
    if (outcome == ResponseWriter::Outcome::Blocked && !(co_await write(writer))) {
      co_return;
    }
    memory_.response_head = writer.release();
    forget_request();
  }
  if (!input_.view().empty()) {
    co_await drain();
  }
}

asio::awaitable<void> HttpConnection::refuse_and_drain() {
  const HttpResponse response = HttpResponse::error(refusal_->status, refusal_->message);
  ResponseStyle style;
  style.closes = true;
  ResponseWriter writer(response, style, {});
  if (co_await write(writer)) {
    co_await drain();
  }
}

asio::awaitable<void> HttpConnection::drain() {
  shut_down(SHUT_WR);
  enter(Phase::Draining);
  for (;;) {
    if (receive() == InputBuffer::Outcome::Ended) {
      co_return;
    }
    input_.consume(input_.view().size());
    if (has_input_) {
      co_await next_turn();
    } else {
      co_await readable();
    }
  }
}

asio::awaitable<bool> HttpConnection::write(ResponseWriter& writer) {
  enter(Phase::Writing);
  for (;;) {
    const std::size_t sent = writer.sent();
    const auto outcome = writer.send(descriptor_);
    if (outcome != ResponseWriter::Outcome::Blocked) {
      co_return outcome == ResponseWriter::Outcome::Done;
    }
    if (writer.sent() > sent) {
      since_ = loop_->now();
    }
    co_await writable();
  }
}

void HttpConnection::forget_request() {
  memory_.headers = std::move(request_.headers);
  request_ = HttpRequest();
  head_memory_.release();
  chunked_body_.release();
  // A request that has come already is not idle: graceful stop answers it.
  enter(input_.view().empty() ? Phase::Idle : Phase::Head);
}

asio::awaitable<void> HttpConnection::readable() {
  input_.hold();
  return asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      [this](WaitHandler handler) {
        waits_for_room_ = false;
        resume_.emplace(std::move(handler));
      },
      asio::use_awaitable);
}

asio::awaitable<void> HttpConnection::writable() {
  return asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      [this](WaitHandler handler) {
        waits_for_room_ = true;
        resume_.emplace(std::move(handler));
      },
      asio::use_awaitable);
}

asio::awaitable<void> HttpConnection::next_turn() {
  input_.hold();
  return to_loop();
}

/// From any thread, so it touches nothing that the loop's may be using.
asio::awaitable<void> HttpConnection::to_loop() {
  return asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      [this](WaitHandler handler) {
        asio::post(loop_->executor(),
                   [resume = std::move(handler)]() mutable { std::move(resume)(); });
      },
      asio::use_awaitable);
}

void HttpConnection::on_events(std::uint32_t events) {
  constexpr std::uint32_t kEnd = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  const bool hangs_up = (events & kEnd) != 0;
  has_input_ = has_input_ || hangs_up || (events & EPOLLIN) != 0;
  const bool is_new = hangs_up && !std::exchange(has_hung_up_, true);
  if (phase_ == Phase::Handling && is_new) {
    lost_.cancel();
  } else if (phase_ == Phase::Handling) {
    read_ahead();
  }
  const bool has_room = (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
  if (resume_ && (waits_for_room_ ? has_room : has_input_)) {
    WaitHandler resume = *std::move(resume_);
    resume_.reset();
    std::move(resume)();  // may be the end of this connection
  }
}

InputBuffer::Outcome HttpConnection::receive() {
  const auto outcome = input_.receive(descriptor_);
  // A short read has emptied the socket, and what comes now makes a new edge; an end has been told
  // already.
  has_input_ = outcome == InputBuffer::Outcome::Bytes && (input_.was_full() || has_hung_up_);
  return outcome;
}

void HttpConnection::begin_handling() {
  input_.hold();
  enter(Phase::Handling);
  if (has_hung_up_) {
    lost_.cancel();
  } else if (input_.view().size() < kReadAhead / 2) {  // else it would move much to add little
    read_ahead();
  }
}

/// Reads while a request is answered, or the end of a client that had sent more than the socket
/// holds would not be seen.
void HttpConnection::read_ahead() {
  while (has_input_ && !has_hung_up_ && input_.view().size() < kReadAhead) {
    const auto outcome = receive();
    input_.hold();
    if (outcome == InputBuffer::Outcome::Ended) {
      has_hung_up_ = has_input_ = true;  // whoever reads next is told again
      lost_.cancel();
    }
  }
}

void HttpConnection::enter(Phase phase) {
  phase_ = phase;
  since_ = loop_->now();
}

void HttpConnection::shut_down(int how) {
  ::shutdown(descriptor_, how);
}

void HttpConnection::check_time() {
  const HttpConfig& config = environment_->config;
  std::chrono::milliseconds limit = config.body_timeout;
  switch (phase_) {
    case Phase::Handling:
      return;  // its deadline is the protocol's business
    case Phase::Idle:
      limit = config.idle_timeout;
      break;
    case Phase::Head:
      limit = config.header_timeout;
      break;
    case Phase::Draining:
      limit = kDrainTime;
      break;
    case Phase::Body:
    case Phase::Writing:
      break;
  }
  if (loop_->now() - since_ <= limit + loop_->tick()) {  // since_ may be a tick old
    return;
  }
  has_timed_out_ = phase_ == Phase::Head || phase_ == Phase::Body;
  shut_down(has_timed_out_ ? SHUT_RD : SHUT_RDWR);
}

void HttpConnection::begin_stop() {
  if (phase_ == Phase::Idle) {
    shut_down(SHUT_RDWR);
  }
}

void HttpConnection::abort() {
  shut_down(SHUT_RDWR);
  lost_.cancel();
}

}  // namespace aion::net
