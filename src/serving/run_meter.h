// Measures what a run costs the device, on a machine where others run too.
#pragma once

#include <thread>

#include "base/clock.h"
#include "base/thread_time.h"

namespace aion::serving {

/// Made where the run begins, asked where it has ended.
class RunMeter {
 public:
  /// What the run cost, of which `wall` is the time it took: the work of the thread if it was the
  /// thread that did the work, so that a run which had to share its core costs no more than one
  /// which had not; else the time.
  [[nodiscard]] Duration cost(Duration wall) const {
    if (std::this_thread::get_id() != thread_) {
      return wall;
    }
    const Duration used = thread_cpu_time() - begin_;
    return used >= wall / kLeastShare ? used : wall;
  }

 private:
  // Below this part of the time the thread waited for another one or another process.
  static constexpr int kLeastShare = 10;
  std::thread::id thread_ = std::this_thread::get_id();
  Duration begin_ = thread_cpu_time();
};

}  // namespace aion::serving
