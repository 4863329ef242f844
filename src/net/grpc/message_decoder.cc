#include "net/grpc/message_decoder.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace aion::net {

namespace {

// Announced lengths are believed only so far before the bytes have come.
constexpr std::size_t kReserved = 1U << 20U;
// Memory that a large message took is given back; that of a small one serves the next.
constexpr std::size_t kKept = 4U << 10U;

std::string too_large(std::size_t size, std::size_t limit) {
  return "Received message larger than max (" + std::to_string(size) + " vs. " +
         std::to_string(limit) + ")";
}

}  // namespace

std::size_t GrpcMessageDecoder::take(std::string_view input) {
  if (has_message_ || fault_) {
    return 0;
  }
  const std::size_t of_prefix = take_prefix(input);
  if (fault_ || prefix_size_ < kPrefix) {
    return of_prefix;
  }
  input.remove_prefix(of_prefix);
  const std::string_view more = input.substr(0, length_ - body_.size());
  if (body_.empty() && more.size() == length_) {
    complete(more);
    return of_prefix + more.size();
  }
  if (body_.empty()) {
    body_.reserve(std::min(length_, kReserved));
  }
  body_ += more;
  if (body_.size() == length_) {
    complete(body_);
  }
  return of_prefix + more.size();
}

std::size_t GrpcMessageDecoder::take_prefix(std::string_view input) {
  const std::size_t count = std::min(kPrefix - prefix_size_, input.size());
  if (count > 0) {
    std::memcpy(prefix_.data() + prefix_size_, input.data(), count);
    prefix_size_ += count;
    if (prefix_size_ == kPrefix) {
      check_prefix();
    }
  }
  return count;
}

void GrpcMessageDecoder::check_prefix() {
  const auto byte = [this](std::size_t i) {
    return static_cast<unsigned char>(prefix_[i]);
  };
  length_ = std::size_t{byte(1)} << 24U | std::size_t{byte(2)} << 16U | std::size_t{byte(3)} << 8U |
            std::size_t{byte(4)};
  is_packed_ = byte(0) == 1;
  if (byte(0) > 1) {
    fail(GrpcCode::Internal,
         "compressed flag of a message: expected 0 or 1, got " + std::to_string(byte(0)));
  } else if (is_packed_ && encoding_ == Compression::Identity) {
    fail(GrpcCode::Internal,
         "a message has its compressed flag set, expected a compression in 'grpc-encoding'");
  } else if (length_ > max_bytes_) {
    fail(GrpcCode::ResourceExhausted, too_large(length_, max_bytes_));
  }
}

void GrpcMessageDecoder::complete(std::string_view body) {
  has_message_ = true;
  if (is_packed_) {
    unpack(body);
  } else {
    message_ = body;
  }
}

void GrpcMessageDecoder::unpack(std::string_view body) {
  Result<std::string> unpacked = net::unpack(body, encoding_, max_unpacked_);
  if (unpacked) {
    unpacked_ = *std::move(unpacked);
    message_ = unpacked_;
    return;
  }
  has_message_ = false;
  if (unpacked.error().code == Code::ResourceExhausted) {
    fail(GrpcCode::ResourceExhausted, too_large(max_unpacked_ + 1, max_unpacked_));
  } else {
    fail(GrpcCode::Internal,
         "a compressed message could not be unpacked: " + unpacked.error().message);
  }
}

void GrpcMessageDecoder::forget_message() {
  has_message_ = false;
  message_ = {};
  prefix_size_ = 0;
  for (std::string* memory : {&body_, &unpacked_}) {
    memory->clear();
    if (memory->capacity() > kKept) {
      std::string().swap(*memory);
    }
  }
}

}  // namespace aion::net
