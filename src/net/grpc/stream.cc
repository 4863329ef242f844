#include "net/grpc/stream.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <boost/asio/post.hpp>

namespace aion::net {

namespace {

// The usual metadata of a call fits.
constexpr std::size_t kHeaderText = 320;
constexpr std::size_t kHeaders = 10;

}  // namespace

GrpcStream::GrpcStream(StreamTransport& transport,
                       std::shared_ptr<IoLoop> loop,
                       std::shared_ptr<const std::string> peer_address,
                       std::int32_t id,
                       std::size_t max_header_bytes)
    : transport_(&transport),
      loop_(std::move(loop)),
      peer_address_(std::move(peer_address)),
      id_(id),
      max_header_bytes_(max_header_bytes),
      since_(loop_->now()),
      sent_since_(since_) {
  header_text_.reserve(kHeaderText);
  headers_.reserve(kHeaders);
}

void GrpcStream::add_header(std::string_view name, std::string_view value) {
  constexpr std::size_t kOverhead = 32;
  header_bytes_ += name.size() + value.size() + kOverhead;
  if (header_bytes_ > max_header_bytes_) {
    return;  // a few bytes of HPACK may stand for gigabytes of headers
  }
  headers_.push_back({static_cast<std::uint32_t>(header_text_.size()),
                      static_cast<std::uint32_t>(name.size()),
                      static_cast<std::uint32_t>(value.size())});
  header_text_ += name;
  header_text_ += value;
}

std::string_view GrpcStream::metadata(std::string_view name) const {
  const std::string_view text = header_text_;
  for (const Header& header : headers_) {
    if (text.substr(header.at, header.name_size) == name) {
      return text.substr(header.at + header.name_size, header.value_size);
    }
  }
  return {};
}

void GrpcStream::open(const GrpcMethod& method,
                      TimePoint deadline,
                      Compression encoding,
                      std::size_t max_message_bytes,
                      std::size_t max_unpacked_bytes) {
  deadline_ = deadline;
  decoder_.emplace(encoding, max_message_bytes, max_unpacked_bytes);
  receiver_ = method(shared_from_this());
  deliver();
}

void GrpcStream::read() {
  if (!loop_->is_this_thread()) {
    boost::asio::post(loop_->executor(), [self = shared_from_this()] { self->read(); });
    return;
  }
  wants_message_ = true;
  deliver();
  if (!is_delivering_ && transport_ != nullptr) {
    transport_->flush();  // the client may have waited for the room that was made
  }
}

void GrpcStream::take(std::string_view data) {
  since_ = loop_->now();
  if (!receiver_) {  // refused, or finished early: what comes still is dropped
    transport_->consumed(*this, data.size());
    return;
  }
  if (held_.empty()) {
    pending_ = data;
  } else {
    std::size_t used = held_.size() - pending_.size();
    if (used > pending_.size()) {
      held_.erase(0, std::exchange(used, 0));
    }
    held_ += data;
    pending_ = std::string_view(held_).substr(used);
  }
  deliver();
  if (!pending_.empty() && held_.empty()) {
    held_.assign(pending_);
    pending_ = held_;
  }
}

void GrpcStream::half_close() {
  is_half_closed_ = true;
  deliver();
}

void GrpcStream::deliver() {
  if (is_delivering_) {
    return;
  }
  is_delivering_ = true;
  while (wants_message_ && receiver_ && next_event()) {}
  is_delivering_ = false;
  if (pending_.empty() && !held_.empty()) {
    std::string().swap(held_);
  }
}

/// Tells the receiver one thing; false when there is nothing to tell.
bool GrpcStream::next_event() {
  const std::shared_ptr<GrpcReceiver> receiver = receiver_;
  feed();
  if (decoder_->fault()) {
    wants_message_ = false;
    give_up(*decoder_->fault());
    return false;
  }
  if (decoder_->has_message()) {
    wants_message_ = false;
    receiver->on_message(decoder_->message());
    decoder_->forget_message();
    return true;
  }
  if (!is_half_closed_) {
    return false;
  }
  wants_message_ = false;
  if (decoder_->is_inside_message()) {
    give_up({GrpcCode::Internal, "the stream ended inside a message"});
  } else {
    receiver->on_half_close();
  }
  return false;
}

/// Ends a call whose client does not keep to the protocol.
void GrpcStream::give_up(GrpcStatus status) {
  const std::shared_ptr<GrpcReceiver> receiver = std::move(receiver_);
  finish(std::move(status));
  if (receiver) {
    receiver->on_cancel();
  }
}

void GrpcStream::check_deadline(TimePoint now) {
  if (receiver_ && deadline_ < now) {
    give_up({GrpcCode::DeadlineExceeded, "Request timeout expired"});
  }
}

void GrpcStream::feed() {
  if (!pending_.empty()) {
    const std::size_t used = decoder_->take(pending_);
    pending_.remove_prefix(used);
    if (transport_ != nullptr) {
      transport_->consumed(*this, used);
    }
  }
}

void GrpcStream::close(bool was_lost) {
  transport_ = nullptr;
  const std::shared_ptr<GrpcReceiver> receiver = std::move(receiver_);
  if (receiver && was_lost) {
    receiver->on_cancel();
  }
}

bool GrpcStream::has_output() {
  const std::scoped_lock lock(mutex_);
  return is_sending_ || !outbox_.empty();
}

bool GrpcStream::has_stood_still_since(IoLoop::TickTime time) {
  const bool is_coming = !decoder_ || decoder_->is_inside_message();
  return (is_coming && since_ < time) || (sent_since_ < time && has_output());
}

void GrpcStream::write(std::string message) {
  {
    const std::scoped_lock lock(mutex_);
    if (status_) {
      return;
    }
    outbox_.push_back(std::move(message));
  }
  wake();
}

void GrpcStream::finish(GrpcStatus status, std::optional<std::string> last) {
  {
    const std::scoped_lock lock(mutex_);
    if (status_) {
      return;
    }
    if (last) {
      outbox_.push_back(*std::move(last));
    }
    status_ = std::move(status);
  }
  wake();
}

void GrpcStream::wake() {
  if (loop_->is_this_thread()) {
    if (transport_ != nullptr) {
      transport_->ready(*this);
    }
  } else if (!is_posted_.exchange(true)) {
    boost::asio::post(loop_->executor(), [self = shared_from_this()] {
      self->is_posted_ = false;
      if (self->transport_ != nullptr) {
        self->transport_->ready(*self);
      }
    });
  }
}

const GrpcStatus* GrpcStream::final_status() {
  const std::scoped_lock lock(mutex_);
  return status_ && outbox_.empty() && !is_sending_ ? &*status_ : nullptr;
}

bool GrpcStream::next_message() {
  const std::scoped_lock lock(mutex_);
  if (taken_ == outbox_.size()) {
    return false;
  }
  sending_ = std::move(outbox_[taken_++]);
  if (taken_ == outbox_.size()) {
    outbox_.clear();
    taken_ = 0;
  }
  sent_ = 0;
  is_sending_ = true;
  return true;
}

bool GrpcStream::begin_response() {
  if (!is_sending_) {
    sent_since_ = loop_->now();
  }
  return !std::exchange(has_response_, true);
}

std::size_t GrpcStream::fill(std::span<std::uint8_t> to) {
  std::size_t put = 0;
  sent_since_ = loop_->now();
  while (put < to.size() && (is_sending_ || next_message())) {
    const auto size = static_cast<std::uint32_t>(sending_.size());
    const std::array<char, kPrefix> prefix = {0,
                                              static_cast<char>(size >> 24U),
                                              static_cast<char>(size >> 16U),
                                              static_cast<char>(size >> 8U),
                                              static_cast<char>(size)};
    const std::string_view from = sent_ < kPrefix
                                      ? std::string_view(prefix.data(), kPrefix).substr(sent_)
                                      : std::string_view(sending_).substr(sent_ - kPrefix);
    const std::size_t count = std::min(from.size(), to.size() - put);
    std::memcpy(to.data() + put, from.data(), count);
    put += count;
    sent_ += count;
    if (sent_ == kPrefix + sending_.size()) {
      is_sending_ = false;
      std::string().swap(sending_);
      transport_->has_written(shared_from_this());
    }
  }
  return put;
}

void GrpcStream::tell_stopping() {
  if (const std::shared_ptr<GrpcReceiver> receiver = receiver_) {
    receiver->on_stopping();
  }
}

void GrpcStream::tell_written() {
  if (const std::shared_ptr<GrpcReceiver> receiver = receiver_) {
    receiver->on_written();
  }
}

}  // namespace aion::net
