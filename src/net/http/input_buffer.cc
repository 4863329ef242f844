#include "net/http/input_buffer.h"

#include <cerrno>
#include <utility>

#include <sys/socket.h>

namespace aion::net {

void InputBuffer::consume(std::size_t count) {
  view_.remove_prefix(count);
  if (view_.empty()) {
    view_ = {};
    if (is_held()) {
      std::string().swap(kept_);
    }
  }
}

void InputBuffer::hold() {
  if (!view_.empty() && !is_held()) {
    kept_.assign(view_);
    view_ = kept_;
  }
}

InputBuffer::Outcome InputBuffer::receive(int descriptor) {
  ssize_t count = 0;
  do {
    count = ::recv(descriptor, shared_.data(), shared_.size(), MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    return Outcome::Nothing;
  }
  if (count <= 0) {
    return Outcome::Ended;
  }
  was_full_ = static_cast<std::size_t>(count) == shared_.size();
  const std::string_view fresh(shared_.data(), static_cast<std::size_t>(count));
  if (!is_held()) {
    view_ = fresh;
    return Outcome::Bytes;
  }
  kept_.erase(0, kept_.size() - view_.size());
  kept_ += fresh;
  view_ = kept_;
  return Outcome::Bytes;
}

}  // namespace aion::net
