#include "serving/batch_limit.h"

#include <algorithm>
#include <bit>

namespace aion::serving {

namespace {

constexpr std::uint32_t kTryLargerEvery = 64;
// A row must become this much cheaper, or waiting for the rows beside it is not worth it.
constexpr double kPays = 0.9;
constexpr std::uint32_t kRunsAfterFault = 64;
// Below this part of a core a run is said to share it. Thousandths.
constexpr std::uint32_t kShared = 900;
// Nobody waits for a run that takes longer.
constexpr Duration kLongestAwaited = std::chrono::milliseconds(5);

std::size_t size_of(std::uint64_t rows) {
  return static_cast<std::size_t>(std::bit_width(rows) - 1);
}

}  // namespace

std::uint64_t BatchLimit::rows(std::uint64_t first) {
  if (trust_.load(std::memory_order_relaxed) != Trust::Proved) {
    return 1;
  }
  if (!is_learned_) {
    return most_;
  }
  if (const std::uint32_t left = pause_.load(std::memory_order_relaxed); left > 0) {
    pause_.store(left - 1, std::memory_order_relaxed);
    return 1;
  }
  std::uint64_t rows = std::max<std::uint64_t>(first, 1);
  while (rows <= most_ / 2 && size_of(2 * rows) < kSizes) {
    const auto here = static_cast<double>(row_costs_[size_of(rows)].lower_quartile().count());
    const auto larger = static_cast<double>(row_costs_[size_of(2 * rows)].lower_quartile().count());
    if (here <= 0 || larger >= here * kPays) {
      break;  // each size is known before the next is tried
    }
    rows *= 2;
  }
  usual_.store(rows, std::memory_order_relaxed);
  if (asked_.fetch_add(1, std::memory_order_relaxed) % kTryLargerEvery == kTryLargerEvery - 1) {
    rows *= 2;
  }
  return std::min(rows, most_);
}

void BatchLimit::observe(std::uint64_t rows, RunTime run) {
  if (!is_learned_ || rows == 0) {
    return;
  }
  if (size_of(rows) < kSizes) {
    row_costs_[size_of(rows)].observe(run.cost / static_cast<Duration::rep>(rows));
  }
  if (run.wall > Duration{0}) {
    const auto part = static_cast<std::uint32_t>(
        std::clamp<Duration::rep>(kWhole * run.cost / run.wall, 0, kWhole));
    const std::uint32_t share = share_.load(std::memory_order_relaxed);
    share_.store((15 * share + part) / 16, std::memory_order_relaxed);
  }
}

bool BatchLimit::is_worth_waiting(std::size_t waiting) const {
  const std::uint64_t usual = usual_.load(std::memory_order_relaxed);
  if (waiting >= usual || share_.load(std::memory_order_relaxed) >= kShared ||
      trust_.load(std::memory_order_relaxed) != Trust::Proved) {
    return false;
  }
  const Duration row = row_costs_[size_of(usual)].lower_quartile();
  return row > Duration{0} && row * static_cast<Duration::rep>(usual) < kLongestAwaited;
}

bool BatchLimit::begin_proof() {
  if (trust_.load(std::memory_order_relaxed) != Trust::Unproved ||
      chances_.fetch_add(1, std::memory_order_relaxed) + 1 <
          next_try_.load(std::memory_order_relaxed)) {
    return false;
  }
  Trust expected = Trust::Unproved;
  return trust_.compare_exchange_strong(expected, Trust::Proving, std::memory_order_relaxed);
}

void BatchLimit::end_proof(Trust verdict) {
  if (verdict == Trust::Unproved) {
    next_try_.store(2 * chances_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  trust_.store(verdict, std::memory_order_relaxed);
}

void BatchLimit::found_misfit() {
  if (is_learned_) {
    trust_.store(Trust::Unfit, std::memory_order_relaxed);
  }
}

void BatchLimit::found_fault() {
  pause_.store(kRunsAfterFault, std::memory_order_relaxed);
}

}  // namespace aion::serving
