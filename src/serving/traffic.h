// How many requests are under way, and whether they come one at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace aion::serving {

/// A request that nobody else stands beside may run where it arrived: the way to another thread and
/// back costs it more than it saves. Whether it stands alone is known only where the next one can
/// be read meanwhile, so now and then a lone request is asked to make room.
///
/// Thread safety: all methods may be called from any thread. Outlives its requests.
class Traffic {
 public:
  /// Counts as under way until it is destroyed.
  class Request {
   public:
    explicit Request(Traffic& traffic) : traffic_(&traffic) { traffic.began(); }
    ~Request() {
      if (traffic_ != nullptr) {
        traffic_->under_way_.fetch_sub(1, std::memory_order_relaxed);
      }
    }
    Request(Request&& other) noexcept : traffic_(std::exchange(other.traffic_, nullptr)) {}
    Request& operator=(Request&&) = delete;

   private:
    Traffic* traffic_;
  };

  /// Asked by a request that is under way: whether it is the only one, the last ones were so too,
  /// and it is not its turn to make room.
  [[nodiscard]] bool is_lone() const {
    const std::uint32_t streak = streak_.load(std::memory_order_relaxed);
    return streak >= kTrusted && streak % kMakesRoomEvery != 0 &&
           under_way_.load(std::memory_order_relaxed) == 1;
  }

  [[nodiscard]] bool is_idle() const { return under_way_.load(std::memory_order_relaxed) == 0; }

 private:
  void began() {
    if (under_way_.fetch_add(1, std::memory_order_relaxed) == 0) {
      streak_.fetch_add(1, std::memory_order_relaxed);
    } else {
      streak_.store(0, std::memory_order_relaxed);
    }
  }

  static constexpr std::uint32_t kTrusted = 64;
  static constexpr std::uint32_t kMakesRoomEvery = 16;
  std::atomic<std::uint32_t> under_way_ = 0;
  std::atomic<std::uint32_t> streak_ = 0;  // requests in a row that came when none was under way
};

}  // namespace aion::serving
