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

namespace aion::net {

namespace asio = boost::asio;

namespace {

// So many reads in a row one connection gets before the others have their turn.
constexpr int kReadsPerTurn = 16;
// So much is gathered before it is given to the socket.
constexpr std::size_t kSendStep = 128U << 10U;
// How long a client may take to close after our last word. Closing at once, with unread bytes,
// makes the kernel reset the connection, and what was sent last could be lost.
constexpr std::chrono::seconds kDrainTime{2};

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
  since_ = loop_->now();
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
  loop_->remove(*this);
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
  for (int reads = 0; self_ && has_input_ && reads < kReadsPerTurn; ++reads) {
    receive();
    flush();
  }
  if (self_ && has_input_ && !std::exchange(is_posted_, true)) {
    asio::post(loop_->native_executor(), [self = self_] {
      self->is_posted_ = false;
      self->pump();
    });
  }
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
  since_ = loop_->now();
  is_pinging_ = false;
  if (is_draining_) {
    return;
  }
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
  if (is_busy_) {
    needs_flush_ = true;  // whoever is busy flushes in the end
    return;
  }
  bool has_room = true;
  do {
    needs_flush_ = false;
    is_busy_ = true;
    has_room = send_some();
    tell_written();
    is_busy_ = false;
  } while (self_ && has_room && needs_flush_ && !must_end_);
  if (!self_) {
    return;
  }
  const bool is_over = nghttp2_session_want_read(session_.get()) == 0 &&
                       nghttp2_session_want_write(session_.get()) == 0;
  if (must_end_) {
    end();
  } else if (is_over && unsent_.empty()) {
    drain();
  }
}

/// False when the socket takes no more now.
bool GrpcConnection::send_some() {
  for (;;) {
    std::string& out = unsent_.empty() ? output_ : unsent_;
    if (unsent_.empty()) {
      out.clear();
    }
    while (out.size() < kSendStep) {
      const std::uint8_t* frame = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_.get(), &frame);
      if (size < 0) {
        must_end_ = true;
      }
      if (size <= 0) {
        break;
      }
      out.append(reinterpret_cast<const char*>(frame), static_cast<std::size_t>(size));
    }
    if (out.empty() || must_end_) {
      return true;
    }
    ssize_t sent = 0;
    do {
      sent = ::send(descriptor_, out.data(), out.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
      must_end_ = true;
      return true;
    }
    const std::size_t gone = sent < 0 ? 0 : static_cast<std::size_t>(sent);
    if (gone > 0) {
      since_ = loop_->now();
    }
    if (gone == out.size()) {
      std::string().swap(unsent_);
      continue;
    }
    if (unsent_.empty()) {
      unsent_.assign(out, gone);
    } else {
      unsent_.erase(0, gone);
    }
    return false;
  }
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

void GrpcConnection::check_time() {
  const GrpcConfig& config = environment_->config;
  const auto now = loop_->now();
  const auto silent = now - since_ - loop_->tick();  // since_ may be a tick old
  const bool is_stuck = !unsent_.empty() && silent > config.progress_timeout;
  const bool is_slow = !has_shaken_hands_ && silent > config.handshake_timeout;
  const bool is_dead = is_pinging_ && now - pinged_ > config.keepalive_timeout + loop_->tick();
  const bool stays_open = is_draining_ && silent > kDrainTime;
  if (is_stuck || is_slow || is_dead || stays_open) {
    ::shutdown(descriptor_, SHUT_RDWR);  // the end comes as an event
    return;
  }
  for (const auto& [id, stream] : streams_) {
    if (stream->has_stood_still_since(now - config.progress_timeout - loop_->tick())) {
      nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
      needs_flush_ = true;
    }
  }
  if (!is_pinging_ && !streams_.empty() && silent > config.keepalive_time) {
    is_pinging_ = true;
    pinged_ = now;
    nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr);
    needs_flush_ = true;
  }
  if (needs_flush_) {
    asio::post(loop_->native_executor(), [self = self_] {
      if (self->self_) {
        self->flush();
      }
    });
  }
}

void GrpcConnection::begin_stop() {
  // Not now: the loop walks over its connections, and this one may end.
  asio::post(loop_->native_executor(), [self = self_] {
    if (!self->self_) {
      return;
    }
    self->end_session(NGHTTP2_NO_ERROR, {});
    const auto streams = self->streams_;  // what is told may end some
    for (const auto& [id, stream] : streams) {
      stream->tell_stopping();
    }
    self->flush();
  });
}

void GrpcConnection::abort() {
  end();
}

}  // namespace aion::net
