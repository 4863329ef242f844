// How long runs of a model take by the rows in them, learned from the runs that were made.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/clock.h"

namespace aion::serving {

/// A run of n rows takes about alpha + beta * n. What is known of each number of rows is a median
/// that forgets by and by, so that a run which was held up by something else changes little; the
/// line goes through the medians. A number of rows that has often been run is told by its own
/// median, and the line tells the others.
///
/// Thread safety: one at a time.
class LatencyModel {
 public:
  /// Nanoseconds, and nanoseconds per row; neither is negative.
  struct Line {
    double alpha = 0;
    double beta = 0;
  };

  /// A run of `rows` (at least 1) has taken so long.
  void observe(std::uint64_t rows, Duration run);

  /// Zero until enough runs have been seen to trust it.
  [[nodiscard]] Duration usual(std::uint64_t rows) const;
  /// What one run in a hundred exceeds.
  [[nodiscard]] Duration p99(std::uint64_t rows) const;
  [[nodiscard]] Line line() const;

 private:
  // 1 to 8 rows each for itself, then two for each doubling, up to 2^20 rows.
  static constexpr std::uint64_t kAlone = 8;
  static constexpr std::size_t kSizes = kAlone + std::size_t{2} * 17;
  struct Size {
    double median = 0;  // nanoseconds
    double rows = 0;    // usual ones
    std::uint32_t seen = 0;
  };
  [[nodiscard]] static std::size_t size_of(std::uint64_t rows);
  [[nodiscard]] double expected(std::uint64_t rows) const;

  std::array<Size, kSizes> sizes_{};
  double tail_ = 1.25;  // p99 in medians
  std::uint32_t seen_ = 0;
};

/// One model for each power of two of a row's bytes, as the cost of a model with open extents goes
/// with them.
class LatencyModels {
 public:
  /// Made when it is asked for first.
  [[nodiscard]] LatencyModel& of(std::size_t row_bytes) {
    auto& model = models_[static_cast<std::size_t>(std::bit_width(row_bytes))];
    if (!model) {
      model = std::make_unique<LatencyModel>();
    }
    return *model;
  }

 private:
  std::array<std::unique_ptr<LatencyModel>, 8 * sizeof(std::size_t) + 1> models_;
};

}  // namespace aion::serving
