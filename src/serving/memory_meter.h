// What a load has taken of the process's memory, where that can be told.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>

#include "base/bytes.h"
#include "serving/model_use.h"

namespace aion::serving {

/// Resident memory of this process that no file backs.
[[nodiscard]] Bytes own_memory();

/// The resident memory of a process says what one load takes only when nothing else happens: no
/// other load or unload, no request. The first load of a process says nothing: the library sets
/// itself up with it.
///
/// Thread safety: all methods may be called from any thread.
class MemoryMeter {
 public:
  /// `is_idle`: whether no request runs now. Outlives the meter.
  explicit MemoryMeter(std::function<bool()> is_idle = {}) : is_idle_(std::move(is_idle)) {}

  /// A load or unload, from its beginning to its end.
  class Reading {
   public:
    Reading(MemoryMeter& meter, const UseSignals& signals);
    ~Reading();
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

    /// What has been added since the beginning; nothing when that cannot be told.
    [[nodiscard]] std::optional<Bytes> added() const;

   private:
    MemoryMeter& meter_;
    const UseSignals& signals_;
    bool is_alone_;
    std::uint64_t changes_;
    std::uint64_t requests_;
    Bytes before_;
  };

  /// An unload that nobody waits for.
  void note_change() { changes_.fetch_add(1, std::memory_order_relaxed); }

 private:
  std::function<bool()> is_idle_;
  std::atomic<bool> has_begun_ = false;
  std::atomic<int> under_way_ = 0;
  std::atomic<std::uint64_t> changes_ = 0;
};

}  // namespace aion::serving
