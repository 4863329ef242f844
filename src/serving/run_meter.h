// Measures what a run costs the device, on a machine where others run too.
#pragma once

#include <thread>

#include "base/clock.h"
#include "base/thread_time.h"

namespace aion::serving {

/// How long a run took, and what it cost: the work of its thread if it was the thread that did the
/// work, so that a run which had to share its core costs no more than one which had not; else the
/// time.
struct RunTime {
  Duration wall{0};
  Duration cost{0};
};

/// Made where the run begins, asked where it has ended.
class RunMeter {
 public:
  [[nodiscard]] RunTime time(Duration wall) const {
    if (std::this_thread::get_id() != thread_) {
      return {wall, wall};
    }
    const Duration used = thread_cpu_time() - begin_;
    return {wall, used >= wall / kLeastShare ? used : wall};
  }

 private:
  // Below this part of the time the thread waited for another one or another process.
  static constexpr int kLeastShare = 10;
  std::thread::id thread_ = std::this_thread::get_id();
  Duration begin_ = thread_cpu_time();
};

}  // namespace aion::serving
