// Counts durations in buckets whose width grows with the value: three significant digits from 1 ns
// to an hour.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace aion {

/// Buckets as in HdrHistogram: each power of two is cut into 1024 equal parts, so that a value is
/// known to 0.1 %. It takes about 270 KB, whatever it holds.
///
/// Thread safety: one thread at a time.
class LatencyHistogram {
 public:
  LatencyHistogram();

  /// A negative duration counts as 0, one over an hour as an hour.
  void record(Duration latency);
  /// Adds all that `other` holds.
  void add(const LatencyHistogram& other);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] Duration min() const;
  [[nodiscard]] Duration max() const { return Duration(static_cast<std::int64_t>(max_)); }
  [[nodiscard]] Duration mean() const;
  /// The smallest known value that a share of `quantile` (0 to 1) does not exceed; 0 when nothing
  /// was recorded.
  [[nodiscard]] Duration at_quantile(double quantile) const;

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t min_ = UINT64_MAX;
  std::uint64_t max_ = 0;
};

}  // namespace aion
