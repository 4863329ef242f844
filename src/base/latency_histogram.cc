#include "base/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <functional>

namespace aion {

namespace {

constexpr unsigned kSubBucketBits = 10;
constexpr std::uint64_t kSubBuckets = std::uint64_t{1} << kSubBucketBits;
constexpr std::uint64_t kLargest = std::chrono::nanoseconds(std::chrono::hours(1)).count();

/// Values below 2048 have a bucket each; above, a bucket holds 2^shift values.
std::size_t bucket_of(std::uint64_t value) {
  const auto width = static_cast<unsigned>(std::bit_width(value));
  const unsigned shift = width > kSubBucketBits + 1 ? width - kSubBucketBits - 1 : 0;
  return static_cast<std::size_t>(shift * kSubBuckets + (value >> shift));
}

/// The largest value that falls into the bucket.
std::uint64_t end_of(std::size_t bucket) {
  const std::uint64_t shift = bucket < 2 * kSubBuckets ? 0 : bucket / kSubBuckets - 1;
  return ((bucket - shift * kSubBuckets + 1) << shift) - 1;
}

}  // namespace

LatencyHistogram::LatencyHistogram() : counts_(bucket_of(kLargest) + 1) {}

void LatencyHistogram::record(Duration latency) {
  const std::uint64_t value =
      latency.count() < 0 ? 0 : std::min(static_cast<std::uint64_t>(latency.count()), kLargest);
  ++counts_[bucket_of(value)];
  ++count_;
  sum_ += value;
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
}

void LatencyHistogram::add(const LatencyHistogram& other) {
  std::transform(
      counts_.begin(), counts_.end(), other.counts_.begin(), counts_.begin(), std::plus<>());
  count_ += other.count_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

Duration LatencyHistogram::min() const {
  return Duration(count_ == 0 ? 0 : static_cast<std::int64_t>(min_));
}

Duration LatencyHistogram::mean() const {
  return Duration(count_ == 0 ? 0 : static_cast<std::int64_t>(sum_ / count_));
}

Duration LatencyHistogram::at_quantile(double quantile) const {
  if (count_ == 0) {
    return Duration(0);
  }
  const double wanted = std::ceil(std::clamp(quantile, 0.0, 1.0) * static_cast<double>(count_));
  const std::uint64_t rank = std::max<std::uint64_t>(static_cast<std::uint64_t>(wanted), 1);
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    seen += counts_[bucket];
    if (seen >= rank) {
      return Duration(static_cast<std::int64_t>(std::min(end_of(bucket), max_)));
    }
  }
  return max();
}

}  // namespace aion
