#include "net/http/body_buffer.h"

#include <algorithm>
#include <cstring>

namespace aion::net {

BodyBuffer::BodyBuffer(std::string_view prefix, std::size_t capacity, std::uint64_t json_size)
    : memory_(std::make_shared_for_overwrite<std::byte[]>(prefix.size() + kAlignment + capacity +
                                                          kPadding)),
      capacity_(capacity),
      json_size_(json_size) {
  if (!prefix.empty()) {
    std::memcpy(memory_.get(), prefix.data(), prefix.size());
  }
  const auto first = reinterpret_cast<std::uintptr_t>(memory_.get() + prefix.size());
  const std::uintptr_t tensors = first + json_size;
  body_ = memory_.get() + prefix.size() + (kAlignment - tensors % kAlignment) % kAlignment;
}

void BodyBuffer::append(std::string_view text) {
  if (text.empty()) {
    return;
  }
  if (text.size() > room()) {
    constexpr std::size_t kSmallest = 4096;
    BodyBuffer larger({}, std::max({kSmallest, capacity_ * 2, size_ + text.size()}), json_size_);
    if (size_ > 0) {
      std::memcpy(larger.body_, body_, size_);
    }
    larger.size_ = size_;
    *this = std::move(larger);
  }
  std::memcpy(end(), text.data(), text.size());
  size_ += text.size();
}

SharedBytes BodyBuffer::share() const {
  if (!memory_) {
    return {};
  }
  std::memset(body_ + size_, 0, kPadding);
  return {body_, size_, memory_};
}

}  // namespace aion::net
