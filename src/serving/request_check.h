// Holds a request against the signature of the model that it asks for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/model/model.h"
#include "runtime/backend/backend.h"
#include "serving/inference.h"

namespace aion::serving {

/// A request that fits the model.
struct CheckedRequest {
  runtime::Batch batch;
  std::uint64_t batch_size = 1;  // rows: the first extent of the first input, where the model
                                 // leaves it open and its requests may be joined
  std::size_t input_bytes = 0;
  // Of each wanted output, how many of its best classes are wanted in its place; 0 = itself. Empty
  // when all are wanted themselves.
  std::vector<std::uint64_t> classes;
};

/// What Triton puts before its messages: the client's own id of the request, or that there is none.
[[nodiscard]] std::string id_prefix(const std::string& id);

/// `version` is complete: its signature is the one of the loaded instance. The batch to run, or
/// InvalidArgument with the text that Triton's clients compare. Moves the tensors out of the
/// request.
[[nodiscard]] Result<CheckedRequest> check_request(const catalog::ModelVersion& version,
                                                   InferRequest& request);

}  // namespace aion::serving
