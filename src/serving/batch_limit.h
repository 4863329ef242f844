// How many rows one run of a version may have.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "serving/run_cost.h"

namespace aion::serving {

/// Fixed by the configuration, or learned while the version serves: one request alone until it is
/// proved that rows which run together come out as they do alone (batch_proof.h); from then on
/// twice as many as before for as long as a row costs less in the larger run.
///
/// Thread safety: all methods may be called from any thread.
class BatchLimit {
 public:
  /// What is known of joining rows.
  enum class Trust : std::uint8_t { Unproved, Proving, Proved, Unfit };

  enum class Kind : std::uint8_t { Fixed, Learned };

  /// `most` is at least 1. Fixed: it is the limit, from the start.
  BatchLimit(Kind kind, std::uint64_t most)
      : most_(most),
        is_learned_(kind == Kind::Learned),
        trust_(is_learned_ ? Trust::Unproved : Trust::Proved) {}

  /// The rows of the next run at most. Now and then twice what is thought best, so that what was
  /// learned in bad times is learned anew.
  [[nodiscard]] std::uint64_t rows();
  /// A run has ended.
  void observe(std::uint64_t rows, Duration run);

  [[nodiscard]] Trust trust() const { return trust_.load(std::memory_order_relaxed); }
  /// Whether the caller is the one who proves it now; it must call set_trust() when it is done.
  [[nodiscard]] bool begin_proof();
  void set_trust(Trust trust) { trust_.store(trust, std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kSizes = 7;  // 1, 2, 4, ... 64 rows

  const std::uint64_t most_;
  const bool is_learned_;
  std::atomic<Trust> trust_;
  std::atomic<std::uint32_t> asked_ = 0;
  std::array<RunCost, kSizes> row_costs_;  // of one row, in a run of 2^i to 2^(i+1) - 1 rows
};

}  // namespace aion::serving
