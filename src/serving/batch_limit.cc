#include "serving/batch_limit.h"

#include <algorithm>
#include <bit>

namespace aion::serving {

namespace {

constexpr std::uint32_t kTryLargerEvery = 64;
// A row must become this much cheaper, or waiting for the rows beside it is not worth it.
constexpr double kPays = 0.9;

}  // namespace

std::uint64_t BatchLimit::rows() {
  const Trust trust = trust_.load(std::memory_order_relaxed);
  if (trust != Trust::Proved) {
    return 1;
  }
  if (!is_learned_) {
    return most_;
  }
  std::size_t size = 0;
  while (size + 1 < kSizes) {
    const auto here = static_cast<double>(row_costs_[size].lower_quartile().count());
    const auto larger = static_cast<double>(row_costs_[size + 1].lower_quartile().count());
    const bool is_known = larger > 0;
    if (is_known && larger >= here * kPays) {
      break;
    }
    ++size;
    if (!is_known) {
      break;  // try this size before the next
    }
  }
  if (asked_.fetch_add(1, std::memory_order_relaxed) % kTryLargerEvery == kTryLargerEvery - 1) {
    size = std::min(size + 1, kSizes - 1);
  }
  return std::min(std::uint64_t{1} << size, most_);
}

void BatchLimit::observe(std::uint64_t rows, Duration run) {
  if (!is_learned_ || rows == 0) {
    return;
  }
  const auto size = static_cast<std::size_t>(std::bit_width(rows) - 1);
  if (size < kSizes) {
    row_costs_[size].observe(run / static_cast<Duration::rep>(rows));
  }
}

bool BatchLimit::begin_proof() {
  Trust expected = Trust::Unproved;
  return trust_.compare_exchange_strong(expected, Trust::Proving, std::memory_order_relaxed);
}

}  // namespace aion::serving
