#include "serving/latency_model.h"

#include <algorithm>
#include <cmath>

namespace aion::serving {

namespace {

// Runs until a number is told at all, and until a number of rows is told by its own median.
constexpr std::uint32_t kTrusted = 3;
constexpr std::uint32_t kTrustedAlone = 8;

// How far a sample moves a median that has long been known.
constexpr double kLeastStep = 0.01;

// How far a sample moves what is told of the slowest, whose share is one in a hundred.
constexpr double kTailStep = 0.1;
constexpr double kTailShare = 0.01;
constexpr double kShortestTail = 1.02;
constexpr double kLongestTail = 10;

}  // namespace

std::size_t LatencyModel::size_of(std::uint64_t rows) {
  if (rows <= kAlone) {
    return std::max<std::uint64_t>(rows, 1) - 1;
  }
  const auto width = static_cast<std::size_t>(std::bit_width(rows - 1));  // 9 to 16 rows: 4
  const std::size_t upper_half = ((rows - 1) >> (width - 2)) & 1U;
  return std::min(kAlone + 2 * (width - 4) + upper_half, kSizes - 1);
}

void LatencyModel::observe(std::uint64_t rows, Duration run) {
  const double sample = std::max(static_cast<double>(run.count()), 1.0);
  Size& size = sizes_[size_of(rows)];
  ++size.seen;
  ++seen_;
  const double step = std::max(0.5 / size.seen, kLeastStep);
  size.rows += (static_cast<double>(rows) - size.rows) * (size.seen == 1 ? 1.0 : step);
  if (size.seen <= kTrusted) {
    // The first runs page code in and grow the arena: the cheapest is the nearest to what follows.
    size.median = size.seen == 1 ? sample : std::min(size.median, sample);
    return;
  }
  if (size.seen > kTrustedAlone) {
    const bool is_beyond = sample > size.median * tail_;
    tail_ *= is_beyond ? 1 + kTailStep * (1 - kTailShare) : 1 - kTailStep * kTailShare;
    tail_ = std::clamp(tail_, kShortestTail, kLongestTail);
  }
  if (sample != size.median) {
    size.median *= sample > size.median ? 1 + step : 1 / (1 + step);
  }
}

/// Least squares of the relative errors: a long run may be off by more than a short one.
LatencyModel::Line LatencyModel::line() const {
  double weights = 0;
  double x = 0;
  double y = 0;
  double xx = 0;
  double xy = 0;
  for (const Size& size : sizes_) {
    if (size.seen < kTrusted) {
      continue;
    }
    constexpr std::uint32_t kEnough = 32;
    const double weight = std::min(size.seen, kEnough) / (size.median * size.median);
    weights += weight;
    x += weight * size.rows;
    y += weight * size.median;
    xx += weight * size.rows * size.rows;
    xy += weight * size.rows * size.median;
  }
  if (weights == 0) {
    return {};
  }
  const double spread = xx * weights - x * x;
  if (spread <= 1e-9 * xx * weights) {
    // One number of rows is known. Fewer take no longer, and more are taken to cost as much a row.
    return {0, y / x};
  }
  const double beta = (xy * weights - x * y) / spread;
  if (beta <= 0) {
    return {y / weights, 0};
  }
  const double alpha = (y - beta * x) / weights;
  return alpha >= 0 ? Line{alpha, beta} : Line{0, xy / xx};
}

double LatencyModel::expected(std::uint64_t rows) const {
  if (seen_ < kTrusted) {
    return 0;
  }
  const Size& own = sizes_[size_of(rows)];
  if (own.seen >= kTrustedAlone && rows <= kAlone) {
    return own.median;
  }
  const Line known = line();
  return known.alpha + known.beta * static_cast<double>(rows);
}

Duration LatencyModel::usual(std::uint64_t rows) const {
  return Duration{static_cast<Duration::rep>(expected(rows))};
}

Duration LatencyModel::p99(std::uint64_t rows) const {
  return Duration{static_cast<Duration::rep>(expected(rows) * tail_)};
}

}  // namespace aion::serving
