#include "serving/queue_order.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace aion::serving {

namespace {

sched::Ticks ticks(Duration time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
}

}  // namespace

std::int64_t place_of(const QueueHead& head, sched::Order order) {
  sched::Claim claim;
  claim.arrival = ticks(head.came.time_since_epoch());
  claim.deadline =
      head.deadline == kNever ? sched::kNever : ticks(head.deadline.time_since_epoch());
  claim.priority = static_cast<std::int32_t>(head.criticality);
  sched::Progress progress;
  progress.estimate = std::max<sched::Ticks>(1, ticks(head.cost));
  claim.request = progress.estimate;
  return order(claim, progress);
}

std::size_t next_of(std::span<const QueueHead> heads, sched::Order order) {
  const auto next = std::ranges::min_element(heads, {}, [order](const QueueHead& head) {
    return std::pair(place_of(head, order), head.arrival);
  });
  return static_cast<std::size_t>(next - heads.begin());
}

}  // namespace aion::serving
