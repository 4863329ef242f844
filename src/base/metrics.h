// Counters, gauges and histograms, written by many threads without a lock, read as Prometheus text.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aion {

/// Label names with their values, in the order they are printed.
using Labels = std::vector<std::pair<std::string, std::string>>;

/// Only grows.
class Counter {
 public:
  void add(std::uint64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

/// Goes up and down.
class Gauge {
 public:
  void add(std::int64_t by) { value_.fetch_add(by, std::memory_order_relaxed); }
  void set(std::int64_t to) { value_.store(to, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_ = 0;
};

/// Durations in buckets that double from 8 us to 67 s: one add, no lock.
class DurationHistogram {
 public:
  static constexpr std::size_t kBuckets =
      24;  // bucket i holds up to 8 us * 2^i; one more holds the rest

  void observe(std::uint64_t ns);
  /// Upper bound of bucket `index`, in seconds.
  [[nodiscard]] static double upper_bound_seconds(std::size_t index);
  [[nodiscard]] std::array<std::uint64_t, kBuckets + 1> counts() const;  // not cumulative
  [[nodiscard]] std::uint64_t total_ns() const { return total_ns_.load(std::memory_order_relaxed); }

 private:
  std::array<std::atomic<std::uint64_t>, kBuckets + 1> buckets_{};
  std::atomic<std::uint64_t> total_ns_ = 0;
};

/// One value of a family, as a reader gives it.
struct Sample {
  Labels labels;
  double value = 0;
};

/// One histogram of a family; `owner` keeps it alive while it is printed.
struct HistogramSample {
  Labels labels;
  std::shared_ptr<const DurationHistogram> histogram;
};

enum class MetricType : std::uint8_t { Counter, Gauge };

/// The families of metrics, each read when somebody asks for the text: whoever counts keeps its own
/// counters.
///
/// Thread safety: all methods may be called from any thread.
class Metrics {
 public:
  /// A counter or gauge of its own, without labels; the reference stays valid.
  Counter& counter(std::string_view name, std::string_view help);
  Gauge& gauge(std::string_view name, std::string_view help);

  /// A family whose samples are read on demand; `read` may be called from any thread while the
  /// metrics live.
  void family(std::string name,
              std::string help,
              MetricType type,
              std::function<std::vector<Sample>()> read);
  void histograms(std::string name,
                  std::string help,
                  std::function<std::vector<HistogramSample>()> read);

  /// Prometheus text format 0.0.4, families in the order of their names.
  [[nodiscard]] std::string text() const;

 private:
  struct Family {
    std::string help;
    std::string type;
    std::function<std::vector<Sample>()> read;
    std::function<std::vector<HistogramSample>()> read_histograms;
  };

  mutable std::mutex mutex_;
  std::map<std::string, Family, std::less<>> families_;
  std::vector<std::shared_ptr<Counter>> counters_;
  std::vector<std::shared_ptr<Gauge>> gauges_;
};

}  // namespace aion
