// Reads an infer request of HTTP: JSON, binary tensors behind it, or the raw bytes of one input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/json_dom.h"
#include "base/result.h"
#include "catalog/model/model.h"
#include "protocol/kserve/infer_parameters.h"
#include "serving/inference.h"

namespace aion::kserve {

/// What came over the wire.
struct InferBody {
  SharedBytes bytes;
  std::size_t padding = 0;                        // so many bytes behind may be read
  std::optional<std::string_view> header_length;  // Inference-Header-Content-Length as sent
};

/// Whom the request is for.
struct InferTarget {
  std::string_view model;
  std::int64_t version = 0;                  // as asked; 0 = by policy
  const catalog::Signature& signature;       // only a raw binary request needs it
  std::size_t max_input_bytes = 64U << 20U;  // of the JSON, and of one tensor in it
  bool has_rows = false;  // the first extent of every shape is the batch: max_batch_size is given
};

/// A request, and how its answer shall be written.
struct DecodedInfer {
  serving::InferRequest request;
  OutputFormat format;
};

/// Checks everything but what only the model knows (names, types and shapes of its inputs). Binary
/// tensors of fixed-size elements are views of the body, at any alignment; their byte count is not
/// held against the shape yet. The parser's document is not needed afterwards.
[[nodiscard]] Result<DecodedInfer> decode_infer(const InferBody& body,
                                                const InferTarget& target,
                                                JsonParser& parser);

}  // namespace aion::kserve
