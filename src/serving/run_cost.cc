#include "serving/run_cost.h"

#include <algorithm>

namespace aion::serving {

void RunCost::observe(Duration run) {
  const std::int64_t sample = std::max<std::int64_t>(run.count(), 1);
  const std::int64_t longest = longest_.load(std::memory_order_relaxed);
  longest_.store(std::max(sample, longest - longest / 1024), std::memory_order_relaxed);
  const std::int64_t estimate = ns_.load(std::memory_order_relaxed);
  if (seen_.load(std::memory_order_relaxed) < kTrusted) {
    seen_.fetch_add(1, std::memory_order_relaxed);
    // The first runs page code in and grow the arena: the cheapest of them is the nearest to what
    // follows.
    ns_.store(estimate == 0 ? sample : std::min(estimate, sample), std::memory_order_relaxed);
    return;
  }
  const std::int64_t step = estimate / 64 + 1;
  ns_.store(sample > estimate ? estimate + step : std::max<std::int64_t>(estimate - 3 * step, 1),
            std::memory_order_relaxed);
}

Duration RunCost::lower_quartile() const {
  return seen_.load(std::memory_order_relaxed) < kTrusted
             ? Duration{0}
             : Duration{ns_.load(std::memory_order_relaxed)};
}

}  // namespace aion::serving
