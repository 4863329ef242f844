// No bytes make the reader of HTTP requests crash, and how they are cut into pieces changes
// nothing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/http/body_buffer.h"
#include "net/http/chunked_decoder.h"
#include "net/http/message.h"
#include "net/http/request_head.h"

namespace {

using namespace aion::net;

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

/// Every view lies inside of the text that was parsed.
void parse_head(std::string_view text) {
  RequestHead head;
  if (parse_request_head(text, head)) {
    return;
  }
  const std::string copy(text);
  head.rebase(text.data(), copy.data());
  std::string all(head.path);
  all.append(head.query).append(head.host).append(head.origin).append(percent_decoded(head.path));
  for (const HttpHeader& header : head.headers) {
    all.append(header.name).append(header.value);
  }
  require(!(head.is_chunked && head.content_length > 0));
}

struct Decoded {
  std::string body;
  std::size_t used = 0;
  bool is_done = false;
  int refused = 0;
};

Decoded decode(std::string_view text, std::size_t piece) {
  ChunkedDecoder decoder(1000, 1000);
  BodyBuffer body({}, 0, 5);
  Decoded decoded;
  while (decoded.used < text.size() && !decoder.is_done() && !decoder.refusal()) {
    const std::string_view next = text.substr(decoded.used, piece);
    const std::size_t used = decoder.take(next, body);
    require(used == next.size() || decoder.is_done() || decoder.refusal());
    decoded.used += used;
  }
  decoded.body = body.share().text();
  decoded.is_done = decoder.is_done();
  decoded.refused = decoder.refusal() ? decoder.refusal()->status : 0;
  return decoded;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::size_t looked_at = 0;
  std::size_t head_size = 0;
  Refusal refusal;
  if (!text.empty() && find_head_end(text, looked_at, head_size, refusal) == HeadState::Complete) {
    require(head_size <= text.size());
    parse_head(text.substr(0, head_size));
  }
  const Decoded whole = decode(text, text.size() + 1);
  const Decoded pieces = decode(text, 1);
  require(whole.is_done == pieces.is_done && whole.refused == pieces.refused);
  require(whole.refused != 0 || (whole.body == pieces.body && whole.used == pieces.used));
  return 0;
}
