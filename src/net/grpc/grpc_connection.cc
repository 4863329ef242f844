#include "net/grpc/grpc_connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <boost/asio/post.hpp>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/grpc/grpc_callbacks.h"
#include "net/grpc/response_frames.h"
#include "net/io/turn.h"

namespace aion::net {

namespace asio = boost::asio;

namespace {

// So many answers in a row that each make room for the next.
constexpr int kRoundsPerTurn = 16;
// So much is gathered before it is given to the socket.
constexpr std::size_t kSendStep = 128U << 10U;

}  // namespace

GrpcConnection::GrpcConnection(std::shared_ptr<IoLoop> loop,
                               std::shared_ptr<GrpcEnvironment> environment,
                               std::string& output,
                               int descriptor,
                               std::string peer_address)
    : loop_(std::move(loop)),
      environment_(std::move(environment)),
      output_(output),
      peer_address_(std::make_shared<const std::string>(std::move(peer_address))),
      descriptor_(descriptor) {}

GrpcConnection::~GrpcConnection() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

void GrpcConnection::start(bool is_welcome) {
  self_ = shared_from_this();
  if (loop_->is_stopping() || !begin_session() || !loop_->add(*this, descriptor_)) {
    end();
    return;
  }
  started_ = since_ = sent_since_ = loop_->now();
  if (!is_welcome) {
    end_session(NGHTTP2_ENHANCE_YOUR_CALM, "too many connections; try again later");
  }
  flush();
  pump();
}

bool GrpcConnection::begin_session() {
  nghttp2_session* made = nullptr;
  if (nghttp2_session_server_new2(&made, GrpcCallbacks::get(), this, session_options()) != 0) {
    return false;
  }
  session_.reset(made);
  return submit_first_settings(*made, environment_->config);
}

void GrpcConnection::end() {
  const std::shared_ptr<GrpcConnection> last = std::move(self_);
  if (!last) {
    return;
  }
  is_busy_ = true;  // nothing is sent any more
  loop_->remove(*this, descriptor_);
  const auto streams = std::move(streams_);
  streams_.clear();
  for (const auto& [id, stream] : streams) {
    stream->close(true);
  }
  written_.clear();
  session_.reset();
  ::close(std::exchange(descriptor_, -1));
  environment_->count->remove();
}

void GrpcConnection::on_events(std::uint32_t events) {
  const std::shared_ptr<GrpcConnection> self = self_;
  has_hung_up_ = has_hung_up_ || (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  has_input_ = has_input_ || has_hung_up_ || (events & EPOLLIN) != 0;
  if ((events & EPOLLOUT) != 0 && !unsent_.empty()) {
    flush();
  }
  pump();
}

/// Reads until there is nothing more, or others must have their turn.
void GrpcConnection::pump() {
  for (int reads = 0; self_ && may_read() && reads < kReadsPerTurn; ++reads) {
    receive();
    flush();
  }
  if (self_ && may_read()) {
    pump_later();
  }
}

void GrpcConnection::pump_later() {
  if (!std::exchange(is_posted_, true)) {
    later([this] {
      is_posted_ = false;
      pump();
    });
  }
}

/// In a turn of its own, unless the connection has ended by then.
void GrpcConnection::later(std::function<void()> action) {
  asio::post(loop_->executor(), [self = self_, action = std::move(action)] {
    if (self && self->self_) {
      action();
    }
  });
}

void GrpcConnection::receive() {
  std::array<char, 16U << 10U>& buffer = loop_->read_buffer;
  ssize_t count = 0;
  do {
    count = ::recv(descriptor_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    has_input_ = false;
    return;
  }
  if (count <= 0) {
    end();
    return;
  }
  // A short read has emptied the socket, and what comes now makes a new edge; an end has been told
  // already.
  has_input_ = static_cast<std::size_t>(count) == buffer.size() || has_hung_up_;
  if (is_draining_ || must_end_) {
    return;
  }
  since_ = loop_->now();
  is_pinging_ = false;
  is_busy_ = true;
  const ssize_t used =
      nghttp2_session_mem_recv(session_.get(),
                               reinterpret_cast<const std::uint8_t*>(buffer.data()),
                               static_cast<std::size_t>(count));
  is_busy_ = false;
  if (used < 0) {
    end();
  }
}

void GrpcConnection::ready(GrpcStream& stream) {
  if (stream.begin_response()) {
    respond(stream);
  } else {
    nghttp2_session_resume_data(session_.get(), stream.id());
  }
  flush();
}

void GrpcConnection::consumed(GrpcStream& stream, std::size_t count) {
  nghttp2_session_consume_stream(session_.get(), stream.id(), count);
}

void GrpcConnection::has_written(std::shared_ptr<GrpcStream> stream) {
  written_.push_back(std::move(stream));
}

void GrpcConnection::respond(GrpcStream& stream) {
  if (const GrpcStatus* bare = stream.final_status()) {
    submit_bare_status(*session_, stream, *bare);
  } else {
    submit_messages(*session_, stream);
  }
}

void GrpcConnection::flush() {
  if (is_busy_ || must_end_) {
    needs_flush_ = true;  // whoever is busy flushes in the end
    return;
  }
  is_busy_ = true;
  bool has_room = true;
  int rounds = 0;
  do {
    needs_flush_ = false;
    has_room = send_some();
  } while (has_room && needs_flush_ && !must_end_ && ++rounds < kRoundsPerTurn);
  is_busy_ = false;
  const bool is_over = nghttp2_session_want_read(session_.get()) == 0 &&
                       nghttp2_session_want_write(session_.get()) == 0;
  if (must_end_) {
    cut();
  } else if (has_room && needs_flush_) {
    later([this] { flush(); });
  } else if (is_over && unsent_.empty()) {
    drain();
  }
}

/// False when the socket takes no more now.
bool GrpcConnection::send_some() {
  while (!must_end_) {
    // Not the loop's memory itself: what is told meanwhile may let another connection use it.
    std::string out = unsent_.empty() ? std::exchange(output_, {}) : std::exchange(unsent_, {});
    gather(out);
    const bool is_all = out.empty();
    const bool has_room = is_all || give_to_socket(out);
    if (!has_room) {
      unsent_ = std::move(out);
      return false;
    }
    out.clear();
    output_ = std::move(out);
    if (is_all) {
      return true;
    }
  }
  return true;
}

/// Puts frames behind `out`; those that tell that an answer is on its way make the next one.
void GrpcConnection::gather(std::string& out) {
  int rounds = 0;
  do {
    needs_flush_ = false;
    while (out.size() < kSendStep) {
      const std::uint8_t* frame = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_.get(), &frame);
      must_end_ = must_end_ || size < 0;
      if (size <= 0) {
        break;
      }
      out.append(reinterpret_cast<const char*>(frame), static_cast<std::size_t>(size));
    }
    tell_written();
  } while (needs_flush_ && out.size() < kSendStep && !must_end_ && ++rounds < kRoundsPerTurn);
}

/// True when it took everything; what it did not take is left in `out`.
bool GrpcConnection::give_to_socket(std::string& out) {
  ssize_t sent = 0;
  do {
    sent = ::send(descriptor_, out.data(), out.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
    must_end_ = true;
    return true;
  }
  if (sent > 0) {
    sent_since_ = loop_->now();
    out.erase(0, static_cast<std::size_t>(sent));
  }
  return out.empty();
}

void GrpcConnection::tell_written() {
  while (!written_.empty()) {
    const auto told = std::exchange(written_, {});
    for (const auto& stream : told) {
      stream->tell_written();
    }
  }
}

void GrpcConnection::end_session(std::uint32_t reason, std::string_view text) {
  nghttp2_submit_goaway(session_.get(),
                        NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_.get()),
                        reason,
                        reinterpret_cast<const std::uint8_t*>(text.data()),
                        text.size());
}

void GrpcConnection::drain() {
  if (!std::exchange(is_draining_, true)) {
    ::shutdown(descriptor_, SHUT_WR);
    since_ = loop_->now();
  }
}

/// Ends soon, but not under the feet of whoever is calling.
void GrpcConnection::cut() {
  ::shutdown(descriptor_, SHUT_RDWR);
  has_input_ = has_hung_up_ = true;
  pump_later();
}

void GrpcConnection::check_time() {
  const GrpcConfig& config = environment_->config;
  const auto now = loop_->now() - loop_->tick();  // what is compared may be a tick old
  const bool is_stuck = !unsent_.empty() && now - sent_since_ > config.progress_timeout;
  const bool is_slow = !has_shaken_hands_ && now - started_ > config.handshake_timeout;
  const bool is_dead = is_pinging_ && now - pinged_ > config.keepalive_timeout;
  const bool stays_open = is_draining_ && now - since_ > kDrainTime;
  if (is_stuck || is_slow || is_dead || stays_open) {
    cut();
  } else if (!streams_.empty()) {
    // Not now: the loop walks over its connections, and what ends here may end one.
    later([this] { check_streams(); });
  }
}

void GrpcConnection::check_streams() {
  const GrpcConfig& config = environment_->config;
  const auto now = loop_->now();
  const auto exactly_now = std::chrono::steady_clock::now();
  const auto streams = streams_;  // what is told may end some
  for (const auto& [id, stream] : streams) {
    stream->check_deadline(exactly_now);
    if (stream->has_stood_still_since(now - config.progress_timeout - loop_->tick())) {
      nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    }
  }
  if (!is_pinging_ && now - since_ > config.keepalive_time) {
    is_pinging_ = true;
    pinged_ = now;
    nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr);
  }
  flush();
}

void GrpcConnection::begin_stop() {
  later([this] { say_goodbye(); });  // not now, as above
}

void GrpcConnection::say_goodbye() {
  if (is_draining_ || must_end_) {
    return;
  }
  end_session(NGHTTP2_NO_ERROR, {});
  const auto streams = streams_;
  for (const auto& [id, stream] : streams) {
    stream->tell_stopping();
  }
  flush();
  if (streams_.empty() && unsent_.empty()) {
    cut();  // an idle client has nothing to lose
  }
}

void GrpcConnection::abort() {
  end();
}

}  // namespace aion::net
