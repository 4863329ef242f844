// No body makes the decoder of infer requests crash, and what it takes can be encoded again.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "protocol/kserve/infer_decoder.h"
#include "protocol/kserve/infer_encoder.h"

namespace {

using namespace aion;

/// Gives every input back as an output, in JSON or as bytes.
void encode_again(const kserve::DecodedInfer& decoded) {
  serving::InferResponse response;
  response.version = 1;
  for (const serving::NamedTensor& input : decoded.request.inputs) {
    const std::size_t size = tensor::element_size(input.tensor.dtype);
    const auto count = tensor::element_count(input.tensor.shape);
    // Whether a binary input has the bytes that its shape wants is for serving to say.
    const bool is_whole =
        size == 0 || (count && input.tensor.data.bytes % size == 0 &&
                      input.tensor.data.bytes / size == static_cast<std::size_t>(*count));
    if (is_whole) {
      response.outputs.push_back(input);
    }
  }
  response.parameters = decoded.request.parameters;
  static_cast<void>(
      kserve::encode_infer({"m", decoded.request.id}, response, decoded.format).has_value());
}

}  // namespace

/// The first two bytes say how much of the rest is the JSON head; 65535 = there is no such header.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  std::uint16_t head = 0;
  std::memcpy(&head, data, sizeof head);
  const std::string length = std::to_string(head);
  // A block of exactly the size, so that the sanitizer sees every byte read beyond it.
  const auto owner = std::make_shared<std::vector<std::uint8_t>>(data + 2, data + size);
  kserve::InferBody body{
      {reinterpret_cast<const std::byte*>(owner->data()), owner->size(), owner}, 0, {}};
  if (head != UINT16_MAX) {
    body.header_length = length;
  }
  const catalog::Signature signature{{{"IN", tensor::DataType::Fp32, {-1, 2}, false}}, {}};
  JsonParser parser;
  const auto decoded = kserve::decode_infer(body, {"m", 0, signature, 1U << 20U}, parser);
  if (decoded) {
    encode_again(*decoded);
  }
  return 0;
}
