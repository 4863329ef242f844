// What is counted of one model version while it answers.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/request_context.h"

namespace aion::serving {

/// How often something happened, and how long it took in all.
struct DurationTotal {
  std::uint64_t count = 0;
  std::uint64_t ns = 0;
};

/// What became of the responses of one index (the first of each request, the second, ...) of a
/// decoupled version.
struct ResponseTotals {
  DurationTotal compute_infer, compute_output, success, fail, empty, cancel;
};

/// What became of a request with a deadline.
enum class DeadlineEnd : std::uint8_t {
  Hit,
  Miss,  // it was answered, but late
  Shed   // it was not run: it would have been late, or was while it waited
};
inline constexpr std::size_t kDeadlineEnds = 3;

/// By Criticality and DeadlineEnd.
using DeadlineCounts = std::array<std::array<std::uint64_t, kDeadlineEnds>, kCriticalities>;

/// The figures at one moment. Names are those of Triton's statistics extension.
struct StatisticsSnapshot {
  std::uint64_t last_inference_ms = 0;  // since the Unix epoch; 0 = never
  std::uint64_t inference_count = 0;    // batch elements
  std::uint64_t execution_count = 0;
  DurationTotal success, fail, queue, compute_input, compute_infer, compute_output;
  DurationTotal cache_hit, cache_miss;             // what looking for a kept answer took
  std::map<std::uint64_t, DurationTotal> batches;  // compute_infer by batch size
  std::array<std::uint64_t, 4> failures{};         // by FailureReason
  DeadlineCounts deadlines{};
  std::map<std::uint64_t, ResponseTotals> responses;  // by index; only decoupled versions have them
};

/// Triton's reasons of nv_inference_request_failure.
enum class FailureReason : std::uint8_t { Rejected, Cancelled, Backend, Other };

/// How one response of a decoupled request ended.
enum class ResponseEnd : std::uint8_t { Success, Fail, Empty, Cancel };

/// The times of one request that succeeded.
struct RequestTimes {
  Duration queue{};
  Duration input{};
  Duration infer{};
  Duration output{};
  std::uint64_t batch_size = 1;
};

/// Counts without a lock (but for batches larger than 64 and decoupled responses), so that requests
/// on different threads do not wait.
///
/// Thread safety: all methods may be called from any thread.
class Statistics {
 public:
  /// A run of the model has answered `batch_size` rows, of one request or several.
  void executed(std::uint64_t batch_size, Duration run);
  /// A request has been answered; its run was counted by executed().
  void succeeded(const RequestTimes& times);
  /// A request has been answered from the cache, without a run.
  void succeeded_from_cache(const RequestTimes& times, Duration search);
  /// No answer was kept for a request.
  void missed_cache(Duration search) { cache_miss_.add(search); }
  void failed(FailureReason reason, Duration after);
  void ended_in_time_or_not(Criticality criticality, DeadlineEnd end);
  /// A response of a decoupled request, `after` the one before it. Indexes above 1,000 are not told
  /// apart.
  void responded(std::uint64_t index, ResponseEnd end, Duration after);
  [[nodiscard]] StatisticsSnapshot snapshot() const;
  [[nodiscard]] std::uint64_t executions() const {
    return executions_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] const DurationHistogram& total() const { return total_; }

 private:
  void answered(Duration whole, Duration queue);

  struct Total {
    std::atomic<std::uint64_t> count = 0;
    std::atomic<std::uint64_t> ns = 0;

    void add(Duration duration);
    [[nodiscard]] DurationTotal read() const;
  };
  static constexpr std::size_t kSmallBatch = 64;

  std::atomic<std::uint64_t> last_inference_ms_ = 0;
  std::atomic<std::uint64_t> inference_count_ = 0;
  std::atomic<std::uint64_t> executions_ = 0;
  std::array<std::atomic<std::uint64_t>, 4> failures_{};
  std::array<std::array<std::atomic<std::uint64_t>, kDeadlineEnds>, kCriticalities> deadlines_{};
  DurationHistogram total_;  // from the decoded request to its last response
  Total success_, fail_, queue_, input_, infer_, output_, cache_hit_, cache_miss_;
  std::array<Total, kSmallBatch + 1> small_batches_{};
  mutable std::mutex rare_mutex_;  // guards what follows
  std::map<std::uint64_t, DurationTotal> large_batches_;
  std::map<std::uint64_t, ResponseTotals> responses_;
};

}  // namespace aion::serving
