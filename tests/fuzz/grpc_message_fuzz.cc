// No bytes make the reader of gRPC messages crash, and how they are cut into pieces changes
// nothing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "net/grpc/message_decoder.h"
#include "net/grpc/wire.h"

namespace {

using namespace aion::net;

constexpr std::size_t kLimit = 1U << 20U;

struct Decoded {
  std::vector<std::string> messages;
  std::string fault;

  bool operator==(const Decoded&) const = default;
};

Decoded decode(Compression encoding, std::string_view text, std::size_t step) {
  GrpcMessageDecoder decoder(encoding, kLimit, kLimit);
  Decoded all;
  for (std::size_t at = 0; at < text.size() && !decoder.fault(); at += step) {
    std::string_view piece = text.substr(at, step);
    while (!piece.empty() && !decoder.fault()) {
      piece.remove_prefix(decoder.take(piece));
      if (decoder.has_message()) {
        all.messages.emplace_back(decoder.message());
        decoder.forget_message();
      }
    }
  }
  if (decoder.fault()) {
    all.fault = decoder.fault()->message;
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  const auto encoding = static_cast<Compression>(data[0] % 3);
  const std::size_t step = std::size_t{data[1]} + 1;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  (void)parse_grpc_timeout(text);
  if (decode(encoding, text, text.size() + 1) != decode(encoding, text, step)) {
    std::abort();
  }
  return 0;
}
