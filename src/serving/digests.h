// How many large inputs are digested for the response cache.
#pragma once

#include <atomic>
#include <cstdint>

namespace aion::serving {

/// A digest takes a compute thread without waiting for a slot of the device, so only few may be
/// under way; a request that comes beyond them passes the cache by.
///
/// Thread safety: all methods may be called from any thread. Outlives its digests.
class Digests {
 public:
  static constexpr std::uint32_t kMost = 2;

  /// Counts as under way until it is destroyed, when the input is large.
  class One {
   public:
    One(Digests& digests, bool is_large)
        : digests_(is_large ? &digests : nullptr),
          is_one_too_many_(is_large &&
                           digests.under_way_.fetch_add(1, std::memory_order_relaxed) >= kMost) {}
    ~One() {
      if (digests_ != nullptr) {
        digests_->under_way_.fetch_sub(1, std::memory_order_relaxed);
      }
    }
    One(const One&) = delete;
    One& operator=(const One&) = delete;
    [[nodiscard]] bool is_one_too_many() const { return is_one_too_many_; }

   private:
    Digests* digests_;
    bool is_one_too_many_;
  };

 private:
  std::atomic<std::uint32_t> under_way_ = 0;
};

}  // namespace aion::serving
