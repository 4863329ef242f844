// A request that waits for the device, and what it gets when another has run it along.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/result.h"
#include "runtime/backend/backend.h"

namespace aion::serving {

/// Lives in the frame of the request's coroutine. The request fills in what is above the line
/// before it waits; whoever runs it in a batch with others what is below.
struct QueuedRequest {
  runtime::Batch batch;
  std::uint64_t rows = 0;  // that it brings to a batch with others; 0 = it runs alone
  std::size_t input_bytes = 0;
  Duration usual_cost{0};       // of a run; 0 = not known yet
  std::uint64_t level = 0;      // of priority; smaller goes first
  TimePoint expires = kNever;   // when it has waited as long as its queue's policy allows
  bool expires_behind = false;  // then it goes behind the others, else it is refused
  CancelToken cancel;
  // ---
  std::optional<Result<runtime::Response>> answer;
  TimePoint begin;  // of the run
  TimePoint end;
};

/// Of its input, for each of its rows.
[[nodiscard]] inline std::size_t row_bytes_of(const QueuedRequest& request) {
  return request.input_bytes / (request.rows > 0 ? request.rows : 1);
}

/// Whether the two may run as one batch: shapes that differ in their rows alone, the same inputs
/// given, the same parameters.
[[nodiscard]] bool may_join(const QueuedRequest& first, const QueuedRequest& other);

}  // namespace aion::serving
