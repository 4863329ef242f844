// How many loaded versions there still are.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "base/executor.h"
#include "base/serial.h"
#include "base/task.h"

namespace aion::serving {

/// Counts the loaded versions that still exist and the loads and unloads under way, and tells when
/// the last has gone.
///
/// Thread safety: all methods may be called from any thread.
class Population : public std::enable_shared_from_this<Population> {
 public:
  /// A version: made, held by nobody any more, given back.
  void born();
  void let_go();
  void died();

  /// A load or unload, counted until it is destroyed.
  class Change {
   public:
    explicit Change(std::shared_ptr<Population> population);
    ~Change();
    Change(Change&& other) noexcept = default;
    Change& operator=(Change&&) = delete;

   private:
    std::shared_ptr<Population> population_;
  };

  /// Ends on `executor` when none exists, or at the deadline: then false.
  [[nodiscard]] Awaitable<bool> extinct(Clock& clock, TimePoint deadline, Executor executor);

  /// Whether somebody holds a version: the table of models, or a request.
  [[nodiscard]] bool is_in_use() const { return held_.load(std::memory_order_acquire) > 0; }

 private:
  struct Waiting;
  void leave();

  Serial serial_;
  std::atomic<std::int64_t> alive_ = 0;  // versions and changes
  std::atomic<std::int64_t> held_ = 0;   // versions
  std::shared_ptr<Waiting> waiting_;
};

}  // namespace aion::serving
