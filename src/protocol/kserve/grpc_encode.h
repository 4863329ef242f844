// Writes the answers to an infer request on gRPC.
#pragma once

#include <string_view>

#include <protocol/kserve/infer.pb.h>

#include "base/result.h"
#include "serving/inference.h"

namespace aion::kserve {

/// Fills the message: outputs are always raw, in the order of `outputs`, copied once.
///
/// request  whose model and id the answer repeats
/// fails    InvalidArgument when the outputs are more than a gRPC message can hold
[[nodiscard]] Result<void> encode_infer(const serving::InferResponse& response,
                                        const inference::ModelInferRequest& request,
                                        inference::ModelInferResponse& out);

}  // namespace aion::kserve
