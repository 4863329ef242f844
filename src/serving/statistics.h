// What is counted of one model version while it answers.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>

#include "base/clock.h"
#include "base/metrics.h"

namespace aion::serving {

/// How often something happened, and how long it took in all.
struct DurationTotal {
  std::uint64_t count = 0;
  std::uint64_t ns = 0;
};

/// The figures at one moment. Names are those of Triton's statistics extension.
struct StatisticsSnapshot {
  std::uint64_t last_inference_ms = 0;  // since the Unix epoch; 0 = never
  std::uint64_t inference_count = 0;    // batch elements
  std::uint64_t execution_count = 0;
  DurationTotal success, fail, queue, compute_input, compute_infer, compute_output;
  std::map<std::uint64_t, DurationTotal> batches;  // compute_infer by batch size
  std::array<std::uint64_t, 4> failures{};         // by FailureReason
};

/// Triton's reasons of nv_inference_request_failure.
enum class FailureReason : std::uint8_t { Rejected, Cancelled, Backend, Other };

/// The times of one request that succeeded.
struct RequestTimes {
  Duration queue{};
  Duration input{};
  Duration infer{};
  Duration output{};
  std::uint64_t batch_size = 1;
};

/// Counts without a lock (but for batches larger than 64), so that requests on different threads do not wait.
///
/// Thread safety: all methods may be called from any thread.
class Statistics {
 public:
  void succeeded(const RequestTimes& times);
  void failed(FailureReason reason, Duration after);
  [[nodiscard]] StatisticsSnapshot snapshot() const;
  [[nodiscard]] const DurationHistogram& total() const { return total_; }

 private:
  struct Total {
    std::atomic<std::uint64_t> count = 0;
    std::atomic<std::uint64_t> ns = 0;

    void add(Duration duration);
    [[nodiscard]] DurationTotal read() const;
  };
  static constexpr std::size_t kSmallBatch = 64;

  std::atomic<std::uint64_t> last_inference_ms_ = 0;
  std::atomic<std::uint64_t> inference_count_ = 0;
  std::array<std::atomic<std::uint64_t>, 4> failures_{};
  DurationHistogram total_;  // from the decoded request to its last response
  Total success_, fail_, queue_, input_, infer_, output_;
  std::array<Total, kSmallBatch + 1> small_batches_{};
  mutable std::mutex large_mutex_;
  std::map<std::uint64_t, DurationTotal> large_batches_;
};

}  // namespace aion::serving
