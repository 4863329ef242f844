// Which of the waiting requests gets the device next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/clock.h"
#include "base/request_context.h"

namespace aion::serving {

/// The first request of one model's queue, as an order sees it.
struct QueueHead {
  std::uint64_t arrival = 0;  // smaller came earlier; unique over all queues
  TimePoint deadline = kNever;
  Criticality criticality = Criticality::Standard;
};

/// Decides and does nothing else: no clock, no state. `heads` is never empty.
/// Returns the position of the head that goes next.
using QueueOrder = std::size_t (*)(std::span<const QueueHead> heads, TimePoint now);

/// First come, first served over all models.
[[nodiscard]] std::size_t first_come(std::span<const QueueHead> heads, TimePoint now);

}  // namespace aion::serving
