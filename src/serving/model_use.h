// How one model is used: what decides whether it may go when memory is wanted.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "base/bytes.h"
#include "base/change_signal.h"
#include "base/clock.h"
#include "serving/eviction/eviction.h"
#include "serving/rhythm.h"

namespace aion::serving {

/// What all models share: who waits for one of them to become idle, and the age of evictions.
struct UseSignals {
  std::shared_ptr<ChangeSignal> changed = std::make_shared<ChangeSignal>();
  std::atomic<int> waiting = 0;  // how many would like to hear of a model that becomes idle
  std::atomic<double> age = 0;   // the highest score that was evicted
  std::atomic<std::uint64_t> requests = 0;  // of all models
};

/// Kept from the first load on, also while the model is not in memory.
///
/// Thread safety: all methods may be called from any thread.
class ModelUse {
 public:
  explicit ModelUse(std::shared_ptr<UseSignals> signals) : signals_(std::move(signals)) {}

  /// A request, a load or an eviction that is under way: the model does not go until it is
  /// destroyed.
  class Hold {
   public:
    explicit Hold(std::shared_ptr<ModelUse> use);
    ~Hold();
    Hold(Hold&& other) noexcept = default;
    Hold& operator=(Hold&&) = delete;

   private:
    std::shared_ptr<ModelUse> use_;  // null = holds nothing
  };

  /// A request has come.
  void note_request(TimePoint now);
  /// It has been loaded, which took so long.
  void note_load(Duration took);
  void note_eviction() { evictions_.fetch_add(1, std::memory_order_relaxed); }

  [[nodiscard]] bool is_held() const { return holds_.load(std::memory_order_acquire) > 0; }
  [[nodiscard]] bool is_pinned() const { return is_pinned_.load(std::memory_order_relaxed); }
  void set_pinned(bool is_pinned);

  /// What a load is believed to take; 0 = it has never been loaded.
  [[nodiscard]] Duration reload() const {
    return Duration{reload_ns_.load(std::memory_order_relaxed)};
  }
  /// When the next request is expected, if they come in even intervals.
  [[nodiscard]] std::optional<TimePoint> next_request(TimePoint now) const;

  /// What all loads together have taken.
  [[nodiscard]] Duration load_time() const {
    return Duration{load_ns_.load(std::memory_order_relaxed)};
  }
  [[nodiscard]] std::uint64_t loads() const { return loads_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t evictions() const {
    return evictions_.load(std::memory_order_relaxed);
  }

  /// For an eviction policy; `memory` is what it holds now. One caller at a time.
  [[nodiscard]] ModelHistory history(Bytes memory);

 private:
  std::shared_ptr<UseSignals> signals_;
  std::atomic<int> holds_ = 0;
  std::atomic<bool> is_pinned_ = false;
  std::atomic<std::uint64_t> requests_ = 0;
  std::atomic<Duration::rep> last_ns_ = 0;  // of the clock; 0 = no request yet
  std::atomic<double> age_at_use_ = 0;
  std::atomic<Duration::rep> reload_ns_ = 0;
  std::atomic<Duration::rep> load_ns_ = 0;
  std::atomic<std::uint64_t> loads_ = 0;
  std::atomic<std::uint64_t> evictions_ = 0;
  mutable std::mutex rhythm_mutex_;  // guards the next one
  Rhythm rhythm_;
  // What history() has counted so far: requests that fade as all models together are used.
  double faded_ = 0;
  std::uint64_t counted_ = 0;
  std::uint64_t counted_of_all_ = 0;
};

}  // namespace aion::serving
