// Tells whoever waits that something has changed, without saying what.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/task.h"
#include "base/wait.h"

namespace aion {

/// Who waits reads count(), looks at what it waits for, and waits only while the count is still the
/// same: no change between the look and the wait is lost.
///
/// Thread safety: all methods may be called from any thread. Outlives those that wait.
class ChangeSignal {
 public:
  [[nodiscard]] std::uint64_t count() const;
  /// Something has changed: all who wait go on.
  void notify();
  /// Ends when the count is no longer `seen`, at `until`, or when `cancel` fires; continues on its
  /// spawn executor.
  [[nodiscard]] Awaitable<void> wait(std::uint64_t seen,
                                     Clock& clock,
                                     TimePoint until,
                                     CancelToken cancel);

 private:
  mutable std::mutex mutex_;  // never held over a suspension
  std::uint64_t count_ = 0;
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, Event> waiting_;
};

}  // namespace aion
