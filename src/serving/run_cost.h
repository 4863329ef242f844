// What a run of a model usually costs.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace aion::serving {

/// The lower quartile of what a run costs, followed without keeping samples: each one pulls the
/// estimate its way, thrice as far down as up (stochastic approximation, Robbins and Monro 1951).
/// What a model costs does not depend on who preempts it, and on a busy machine the median would
/// say so.
///
/// Thread safety: all methods may be called from any thread.
class RunCost {
 public:
  void observe(Duration run);
  /// Zero until enough runs have been seen to trust it.
  [[nodiscard]] Duration lower_quartile() const;

 private:
  static constexpr std::uint32_t kTrusted = 8;
  std::atomic<std::int64_t> ns_ = 0;
  std::atomic<std::uint32_t> seen_ = 0;
};

/// What runs cost by the size of their input, as the cost of a model with open extents goes with
/// it: one estimate for each power of two.
///
/// Thread safety: all methods may be called from any thread.
class RunCosts {
 public:
  [[nodiscard]] RunCost& of(std::size_t input_bytes) {
    return costs_[static_cast<std::size_t>(std::bit_width(input_bytes))];
  }

 private:
  std::array<RunCost, 8 * sizeof(std::size_t) + 1> costs_;
};

}  // namespace aion::serving
