// A clock that stands still until it is told to move: for tests and the simulator.
#pragma once

#include <map>
#include <mutex>

#include "base/clock.h"

namespace aion {

/// Time moves only by advance(); timers fire inside it, in order of their time, then of their
/// making.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override;
  [[nodiscard]] std::unique_ptr<Timer> at(TimePoint when, std::function<void()> fire) override;

  /// Moves time forward and fires every timer that falls due, on the calling thread.
  void advance(Duration by);

 private:
  struct Shared;
  class ManualTimer;
  std::shared_ptr<Shared> shared_ = make_shared_state();
  static std::shared_ptr<Shared> make_shared_state();
};

}  // namespace aion
