// No message makes the decoder of gRPC requests crash or read outside of it.
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include <protocol/kserve/infer.pb.h>

#include "protocol/kserve/grpc_decode.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return 0;
  }
  const auto message = std::make_shared<inference::ModelInferRequest>();
  if (!message->ParseFromArray(data, static_cast<int>(size))) {
    return 0;
  }
  const auto decoded = aion::kserve::decode_infer(*message, message);
  if (decoded) {
    std::string copy;  // reads every tensor to its end
    for (const auto& input : decoded->request.inputs) {
      copy.append(input.tensor.data.text());
    }
  }
  return 0;
}
