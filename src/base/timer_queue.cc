#include "base/timer_queue.h"

#include <cstdint>
#include <map>
#include <mutex>
#include <utility>

namespace aion {

struct TimerQueue::Shared {
  std::mutex mutex;
  std::uint64_t next_id = 0;
  std::map<std::pair<TimePoint, std::uint64_t>, std::function<void()>> timers;
};

class TimerQueue::QueuedTimer final : public Timer {
 public:
  QueuedTimer(std::shared_ptr<Shared> shared, std::pair<TimePoint, std::uint64_t> key)
      : shared_(std::move(shared)), key_(key) {}
  ~QueuedTimer() override {
    std::unique_lock lock(shared_->mutex);
    // What the function holds may add or destroy a timer when it goes: not under the lock.
    const auto cancelled = shared_->timers.extract(key_);
    lock.unlock();
  }
  QueuedTimer(const QueuedTimer&) = delete;
  QueuedTimer& operator=(const QueuedTimer&) = delete;

 private:
  std::shared_ptr<Shared> shared_;
  std::pair<TimePoint, std::uint64_t> key_;
};

TimerQueue::TimerQueue() : shared_(std::make_shared<Shared>()) {}

std::unique_ptr<Timer> TimerQueue::add(TimePoint when, std::function<void()> fire) {
  const std::scoped_lock lock(shared_->mutex);
  const std::pair key{when, shared_->next_id++};
  shared_->timers.emplace(key, std::move(fire));
  return std::make_unique<QueuedTimer>(shared_, key);
}

TimePoint TimerQueue::next() const {
  const std::scoped_lock lock(shared_->mutex);
  return shared_->timers.empty() ? kNever : shared_->timers.begin()->first.first;
}

TimerQueue::Due TimerQueue::take(TimePoint now) {
  const std::scoped_lock lock(shared_->mutex);
  if (shared_->timers.empty() || shared_->timers.begin()->first.first > now) {
    return {.when = kNever, .fire = nullptr};
  }
  auto due = shared_->timers.extract(shared_->timers.begin());
  return {.when = due.key().first, .fire = std::move(due.mapped())};
}

bool TimerQueue::clear() {
  decltype(shared_->timers) dropped;  // not under the lock, as above
  const std::scoped_lock lock(shared_->mutex);
  dropped.swap(shared_->timers);
  return !dropped.empty();
}

}  // namespace aion
