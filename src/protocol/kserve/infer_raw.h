// The raw binary request: a body without JSON that is the one input of the model.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "protocol/kserve/infer_decoder.h"
#include "serving/inference.h"

namespace aion::kserve {

/// The request that `body` stands for. The model must have one input: of fixed-size elements with
/// at most one open extent, which follows from the size of the body, or of one BYTES element, which
/// is the body itself.
///
/// fails    InvalidArgument when the model has another number of inputs, when its shape stays open,
/// or when the body is no
///          whole number of elements
[[nodiscard]] Result<serving::InferRequest> raw_request(const SharedBytes& body,
                                                        const InferTarget& target);

}  // namespace aion::kserve
