#include "serving/queue_order.h"

#include <algorithm>

namespace aion::serving {

std::size_t first_come(std::span<const QueueHead> heads, TimePoint /*now*/) {
  const auto earliest =
      std::min_element(heads.begin(), heads.end(), [](const QueueHead& a, const QueueHead& b) {
        return a.arrival < b.arrival;
      });
  return static_cast<std::size_t>(earliest - heads.begin());
}

}  // namespace aion::serving
