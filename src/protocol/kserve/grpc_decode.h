// Reads an infer request of gRPC.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <protocol/kserve/infer.pb.h>

#include "base/result.h"
#include "serving/inference.h"

namespace aion::kserve {

/// A request, and what else its parameters ask for.
struct DecodedGrpcInfer {
  serving::InferRequest request;
  bool wants_empty_final = false;
};

/// Checks everything but what only the model knows. Raw tensors of fixed-size elements are views of
/// the message, which must stay as it is for as long as somebody holds `owner`; their byte count is
/// not held against the shape yet.
[[nodiscard]] Result<DecodedGrpcInfer> decode_infer(const inference::ModelInferRequest& message,
                                                    const std::shared_ptr<const void>& owner);

/// The number of a version: 0 for an empty text, which stands for the policy's choice. NotFound for
/// anything that names no version, with the text that Triton's clients know.
[[nodiscard]] Result<std::int64_t> version_of(std::string_view model, std::string_view text);

}  // namespace aion::kserve
