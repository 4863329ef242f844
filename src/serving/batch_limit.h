// How many rows one run of a version may have.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "serving/run_cost.h"
#include "serving/run_meter.h"

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

  /// The rows of the next run at most, when its first request has `first` rows: that many times a
  /// power of two. Now and then twice what is thought best, so that what was learned in bad times
  /// is learned anew.
  [[nodiscard]] std::uint64_t rows(std::uint64_t first = 1);
  [[nodiscard]] bool is_learned() const { return is_learned_; }
  /// The same for one row at the head, without trying anything.
  [[nodiscard]] std::uint64_t usual_rows() const {
    if (!is_learned_) {
      return most_;
    }
    return trust() == Trust::Proved ? usual_.load(std::memory_order_relaxed) : 1;
  }
  /// A run has ended.
  void observe(std::uint64_t rows, RunTime run);

  /// Nobody waits for a run to end that takes longer.
  static constexpr Duration kLongestAwaited = std::chrono::milliseconds(5);
  /// Whether a run beside others pays only if it has as many rows as it may: the runs of late have
  /// had to share their cores, so that one more takes from the others what it gains. Then `waiting`
  /// rows had better wait for a run to end.
  [[nodiscard]] bool is_worth_waiting(std::size_t waiting) const;

  [[nodiscard]] Trust trust() const { return trust_.load(std::memory_order_relaxed); }
  /// Whether the caller is the one who proves it now; it must call end_proof(). After a proof that
  /// showed nothing the next ones come at growing distances.
  [[nodiscard]] bool begin_proof();
  void end_proof(Trust verdict);
  /// The model gave other rows than it got.
  void found_misfit();
  /// A run of several requests has failed, and they had to run alone: for a while none is joined.
  void found_fault();

 private:
  static constexpr std::size_t kSizes = 7;  // 1, 2, 4, ... 64 rows
  static constexpr std::uint32_t kWhole = 1000;

  const std::uint64_t most_;
  const bool is_learned_;
  std::atomic<Trust> trust_;
  std::atomic<std::uint32_t> asked_ = 0;
  std::atomic<std::uint32_t> pause_ = 0;       // runs until requests are joined again
  std::atomic<std::uint32_t> chances_ = 0;     // times that a proof might have begun
  std::atomic<std::uint32_t> next_try_ = 1;    // the chance at which one begins
  std::atomic<std::uint64_t> usual_ = 1;       // the rows last thought best, at most `most_`
  std::atomic<std::uint32_t> share_ = kWhole;  // of a core that runs get, in thousandths
  std::array<RunCost, kSizes> row_costs_;      // of one row, in a run of 2^i to 2^(i+1) - 1 rows
};

}  // namespace aion::serving
