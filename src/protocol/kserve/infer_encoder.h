// Writes the answer to an infer request: JSON, with the binary outputs behind it.
#pragma once

#include <string_view>

#include "base/result.h"
#include "net/http/message.h"
#include "protocol/kserve/infer_parameters.h"
#include "serving/inference.h"

namespace aion::kserve {

/// What the answer repeats of the request.
struct AnswerHead {
  std::string_view model;
  std::string_view id;  // empty = none was sent
};

/// The whole answer. Outputs of fixed-size elements go out as they lie in memory, without a copy.
///
/// fails    InvalidArgument when a BYTES output that is wanted as JSON is no UTF-8: it says to ask
/// for binary data
[[nodiscard]] Result<net::HttpResponse> encode_infer(const AnswerHead& head,
                                                     const serving::InferResponse& response,
                                                     const OutputFormat& format);

}  // namespace aion::kserve
