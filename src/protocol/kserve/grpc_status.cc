#include "protocol/kserve/grpc_status.h"

#include <string>

#include "protocol/kserve/errors.h"

namespace aion::kserve {

namespace {

// Clients refuse headers above 8 KiB, and a byte that is not printable ASCII takes three there.
constexpr std::size_t kMaxMessageBytes = 2048;

/// Not inside a character of UTF-8.
std::size_t cut_before(const std::string& text, std::size_t at) {
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) {
    --at;
  }
  return at;
}

}  // namespace

net::GrpcStatus status_of(const Error& error) {
  const auto code = static_cast<net::GrpcCode>(grpc_status(error.code));
  if (error.message.size() <= kMaxMessageBytes) {
    return {code, error.message};
  }
  return {code, error.message.substr(0, cut_before(error.message, kMaxMessageBytes)) + "..."};
}

net::GrpcStatus status_of(const Result<void>& result) {
  return result ? net::GrpcStatus() : status_of(result.error());
}

}  // namespace aion::kserve
