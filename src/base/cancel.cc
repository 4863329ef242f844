#include "base/cancel.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace aion {

namespace detail {

struct CancelState {
  std::atomic<bool> cancelled = false;
  std::mutex mutex;
  std::condition_variable call_ended;
  std::uint64_t next_id = 1;
  std::uint64_t calling = 0;  // the hook whose function runs now; 0 = none
  std::thread::id caller;
  std::vector<std::pair<std::uint64_t, std::function<void()>>> hooks;
};

}  // namespace detail

CancelHook::CancelHook(std::shared_ptr<detail::CancelState> state, std::uint64_t id)
    : state_(std::move(state)), id_(id) {}

CancelHook::CancelHook(CancelHook&& other) noexcept
    : state_(std::exchange(other.state_, nullptr)), id_(other.id_) {}

CancelHook& CancelHook::operator=(CancelHook&& other) noexcept {
  std::swap(state_, other.state_);
  std::swap(id_, other.id_);
  return *this;
}

CancelHook::~CancelHook() {
  if (!state_) {
    return;
  }
  std::unique_lock lock(state_->mutex);
  std::erase_if(state_->hooks, [this](const auto& hook) { return hook.first == id_; });
  if (state_->caller != std::this_thread::get_id()) {
    state_->call_ended.wait(lock, [this] { return state_->calling != id_; });
  }
}

bool CancelToken::is_cancelled() const {
  return state_ && state_->cancelled.load(std::memory_order_acquire);
}

CancelHook CancelToken::when_cancelled(std::function<void()> then) const {
  if (!state_) {
    return {};
  }
  {
    const std::scoped_lock lock(state_->mutex);
    if (!state_->cancelled.load(std::memory_order_relaxed)) {
      const std::uint64_t id = state_->next_id++;
      state_->hooks.emplace_back(id, std::move(then));
      return {state_, id};
    }
  }
  then();
  return {};
}

CancelSource::CancelSource() : state_(std::make_shared<detail::CancelState>()) {}

void CancelSource::cancel() {
  std::unique_lock lock(state_->mutex);
  if (state_->cancelled.exchange(true, std::memory_order_acq_rel)) {
    return;
  }
  state_->caller = std::this_thread::get_id();
  while (!state_->hooks.empty()) {
    const auto [id, then] = std::move(state_->hooks.back());
    state_->hooks.pop_back();
    state_->calling = id;
    lock.unlock();
    then();
    lock.lock();
    state_->calling = 0;
    state_->call_ended.notify_all();
  }
  state_->caller = {};
}

}  // namespace aion
