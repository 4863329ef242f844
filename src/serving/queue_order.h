// Which of the waiting requests gets the device next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/clock.h"
#include "base/request_context.h"
#include "sched/policy/order.h"

namespace aion::serving {

/// The first request of one model's queue, as an order sees it.
struct QueueHead {
  std::uint64_t arrival = 0;  // smaller came earlier; unique over all queues
  TimePoint came{};
  Duration cost{0};  // what its run usually takes; 0 = nobody knows yet
  TimePoint deadline = kNever;
  Criticality criticality = Criticality::Normal;
};

/// The place of a head under the order; smaller goes first.
[[nodiscard]] std::int64_t place_of(const QueueHead& head, sched::Order order);

/// The position of the head that goes next under an order by which jobs are scheduled, too; a tick
/// is a microsecond. Of equal ones the one that came first. `heads` is not empty.
///
/// A pure function: no clock, no state.
[[nodiscard]] std::size_t next_of(std::span<const QueueHead> heads, sched::Order order);

}  // namespace aion::serving
