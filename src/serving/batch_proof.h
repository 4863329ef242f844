// Proves that rows which run together come out as they do alone, before requests are joined.
#pragma once

#include "base/task.h"
#include "catalog/model/model.h"
#include "runtime/backend/backend.h"
#include "serving/batch_limit.h"

namespace aion::serving {

/// Whether a signature lets its rows be joined at all: every input and output has an open first
/// extent.
[[nodiscard]] bool has_rows(const catalog::Signature& signature);

/// Takes the first row of a real request and a second row with its elements in the opposite order,
/// floating-point ones a thirty-second in size, runs each alone and both together for all outputs,
/// and compares. Neither a sum over the rows nor a scale that all rows share (dynamic quantisation)
/// passes. Unproved when this request cannot show it: an input is not given, the second row is the
/// first, the model refuses it, the two come out alike, or an answer is not finite.
///
/// Exact for whole numbers, booleans and BYTES; within one part in a thousand of the largest
/// element for floating-point numbers (a hundredth for those of 16 bits), since a library may sum
/// in another order.
[[nodiscard]] Awaitable<BatchLimit::Trust> prove_joining(runtime::Instance& instance,
                                                         runtime::Batch batch,
                                                         CancelToken cancel);

}  // namespace aion::serving
