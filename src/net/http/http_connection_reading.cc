// How a connection gathers a request: the part of class HttpConnection that never waits.
#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/socket.h>

#include "net/http/http_connection.h"
#include "net/io/unix_socket.h"

namespace aion::net {

HttpConnection::Step HttpConnection::take_input() {
  if (phase_ == Phase::Body && !decoder_) {
    return receive_body();
  }
  const auto outcome = receive();
  if (outcome == InputBuffer::Outcome::Nothing) {
    return Step::More;
  }
  if (outcome == InputBuffer::Outcome::Ended) {
    return input_ended();
  }
  if (phase_ == Phase::Body) {
    since_ = loop_->now();
    return take_chunks();
  }
  return take_head();
}

HttpConnection::Step HttpConnection::input_ended() {
  if (phase_ == Phase::Idle) {
    return Step::Ended;
  }
  const HttpConfig& config = environment_->config;
  const bool is_body = phase_ == Phase::Body;
  std::string message = is_body ? "request body: expected " : "request head: expected ";
  if (has_timed_out_) {
    const auto limit = is_body ? config.body_timeout : config.header_timeout;
    message += "more of it within " + std::to_string(limit.count()) + " ms, got nothing";
    return refuse(Refusal{408, std::move(message)});
  }
  if (!is_body) {
    message += "an empty line behind it, got the end of the stream";
  } else if (decoder_) {
    message += "a chunk of size 0 behind it, got the end of the stream";
  } else {
    message +=
        std::to_string(content_length_) + " bytes, got " + std::to_string(head_memory_.size());
  }
  return refuse(Refusal{400, std::move(message)});
}

HttpConnection::Step HttpConnection::take_head() {
  while (input_.view().starts_with(
      "\r\n")) {  // RFC 9112, 2.2: an empty line in front is to be ignored
    input_.consume(2);
    looked_at_ = 0;
  }
  const std::string_view text = input_.view();
  if (text.empty()) {
    return Step::More;
  }
  if (phase_ == Phase::Idle) {
    enter(Phase::Head);
  }
  std::size_t size = 0;
  Refusal refusal;
  const HeadState state = find_head_end(text, looked_at_, size, refusal);
  const std::size_t limit = environment_->config.max_header_bytes;
  if (std::max(size, state == HeadState::Incomplete ? text.size() : 0) > limit) {
    return refuse(Refusal{
        431, "request head: expected at most " + std::to_string(limit) + " bytes, got more"});
  }
  if (state == HeadState::Malformed) {
    return refuse(std::move(refusal));
  }
  if (state == HeadState::Incomplete) {
    return Step::More;
  }
  looked_at_ = 0;
  return begin_request(text.substr(0, size));
}

std::optional<Refusal> HttpConnection::check_admission(const RequestHead& head) {
  // A page that a browser has loaded cannot reach a Unix socket, whatever names it has made up.
  const bool may_lie = peer_address_ != kUnixPeer;
  const bool names_host = head.has_host || !head.host.empty() || !head.origin.empty();
  const bool is_known =
      head.origin.empty() && !head.host.empty() && head.host == memory_.last_allowed_host;
  if (may_lie && names_host && !is_known) {
    if (auto refusal = environment_->hosts.check(head.host, head.origin)) {
      return refusal;
    }
    memory_.last_allowed_host = head.host;
  }
  const std::size_t limit = environment_->config.max_body_bytes;
  if (head.content_length > limit) {
    return body_too_large(head.content_length, limit);
  }
  return std::nullopt;
}

HttpConnection::Step HttpConnection::begin_request(std::string_view text) {
  RequestHead head;
  head.headers = std::move(memory_.headers);
  if (auto refusal = parse_request_head(text, head)) {
    return refuse(*std::move(refusal));
  }
  if (auto refusal = check_admission(head)) {
    return refuse(*std::move(refusal));
  }
  keeps_alive_ = head.keeps_alive;
  is_http_1_0_ = head.is_http_1_0;
  content_length_ = head.content_length;
  head_memory_ = BodyBuffer(text, static_cast<std::size_t>(head.content_length), head.json_size);
  head.rebase(text.data(), head_memory_.prefix());
  if (head.is_chunked) {
    const HttpConfig& config = environment_->config;
    chunked_body_ = BodyBuffer({}, 0, head.json_size);
    decoder_ = std::make_unique<ChunkedDecoder>(config.max_body_bytes, config.max_header_bytes);
  }
  input_.consume(text.size());
  request_.method = head.method;
  request_.path = head.path;
  request_.query = head.query;
  request_.headers = std::move(head.headers);
  request_.peer_address = peer_address_;
  request_.context.cancel = lost_.token();
  if (head.expects_continue && input_.view().empty()) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    // A socket with no room for it belongs to a client that does not read; it will not miss it.
    [[maybe_unused]] const auto sent =
        ::send(descriptor_, kContinue.data(), kContinue.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  return decoder_ ? take_chunks() : take_body();
}

HttpConnection::Step HttpConnection::take_body() {
  const std::string_view text = input_.view();
  const std::size_t count = std::min(text.size(), head_memory_.room());
  if (count > 0) {
    head_memory_.append(text.substr(0, count));
    input_.consume(count);
  }
  if (head_memory_.room() == 0) {
    return body_is_whole(head_memory_);
  }
  enter(Phase::Body);
  return Step::More;
}

HttpConnection::Step HttpConnection::receive_body() {
  const std::size_t room = head_memory_.room();
  const ssize_t count = ::recv(descriptor_, head_memory_.end(), room, MSG_DONTWAIT);
  if (count < 0 && errno == EINTR) {
    return Step::More;
  }
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    has_input_ = false;
    return Step::More;
  }
  if (count <= 0) {
    return input_ended();
  }
  has_input_ = static_cast<std::size_t>(count) == room || has_hung_up_;
  head_memory_.added(static_cast<std::size_t>(count));
  since_ = loop_->now();
  return head_memory_.room() == 0 ? body_is_whole(head_memory_) : Step::More;
}

HttpConnection::Step HttpConnection::take_chunks() {
  input_.consume(decoder_->take(input_.view(), chunked_body_));
  if (decoder_->refusal()) {
    return refuse(*decoder_->refusal());
  }
  if (!decoder_->is_done()) {
    if (phase_ != Phase::Body) {
      enter(Phase::Body);
    }
    return Step::More;
  }
  decoder_.reset();
  return body_is_whole(chunked_body_);
}

HttpConnection::Step HttpConnection::body_is_whole(const BodyBuffer& body) {
  request_.body = body.share();
  request_.body_padding = BodyBuffer::kPadding;
  return Step::Ready;
}

HttpConnection::Step HttpConnection::refuse(Refusal refusal) {
  refusal_ = std::move(refusal);
  return Step::Refused;
}

}  // namespace aion::net
