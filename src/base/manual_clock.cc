#include "base/manual_clock.h"

#include <cstdint>
#include <utility>

namespace aion {

struct ManualClock::Shared {
  std::mutex mutex;
  TimePoint now{};
  std::uint64_t next_id = 0;
  std::map<std::pair<TimePoint, std::uint64_t>, std::function<void()>> timers;
};

class ManualClock::ManualTimer final : public Timer {
 public:
  ManualTimer(std::shared_ptr<Shared> shared, std::pair<TimePoint, std::uint64_t> key)
      : shared_(std::move(shared)), key_(key) {}
  ~ManualTimer() override {
    const std::scoped_lock lock(shared_->mutex);
    shared_->timers.erase(key_);
  }
  ManualTimer(const ManualTimer&) = delete;
  ManualTimer& operator=(const ManualTimer&) = delete;

 private:
  std::shared_ptr<Shared> shared_;
  std::pair<TimePoint, std::uint64_t> key_;
};

std::shared_ptr<ManualClock::Shared> ManualClock::make_shared_state() {
  return std::make_shared<Shared>();
}

TimePoint ManualClock::now() const {
  const std::scoped_lock lock(shared_->mutex);
  return shared_->now;
}

std::unique_ptr<Timer> ManualClock::at(TimePoint when, std::function<void()> fire) {
  const std::scoped_lock lock(shared_->mutex);
  const std::pair key{when, shared_->next_id++};
  shared_->timers.emplace(key, std::move(fire));
  return std::make_unique<ManualTimer>(shared_, key);
}

void ManualClock::advance(Duration by) {
  std::unique_lock lock(shared_->mutex);
  const TimePoint until = shared_->now + by;
  while (!shared_->timers.empty() && shared_->timers.begin()->first.first <= until) {
    auto due = shared_->timers.extract(shared_->timers.begin());
    shared_->now = std::max(shared_->now, due.key().first);
    lock.unlock();
    due.mapped()();
    lock.lock();
  }
  shared_->now = until;
}

}  // namespace aion
