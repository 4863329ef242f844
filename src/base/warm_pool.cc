#include "base/warm_pool.h"

#include <utility>

namespace aion {

namespace {

// The pool whose thread this is.
thread_local const WarmPool* own_pool = nullptr;

}  // namespace

WarmPool::WarmPool(std::size_t threads) {
  workers_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) {
    Worker& worker = *workers_.emplace_back(std::make_unique<Worker>());
    worker.thread = std::thread([this, &worker] { serve(worker); });
  }
}

WarmPool::~WarmPool() {
  stop();
  join();
}

bool WarmPool::is_this_thread() const {
  return own_pool == this;
}

std::size_t WarmPool::resting() const {
  const std::scoped_lock lock(mutex_);
  return resting_.size();
}

void WarmPool::submit(std::unique_ptr<Work> work) {
  Worker* woken = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    if (resting_.empty() || is_stopped_) {
      waiting_.push_back(std::move(work));
      return;
    }
    woken = resting_.back();
    resting_.pop_back();
    woken->work = std::move(work);
  }
  woken->wake.notify_one();
}

void WarmPool::serve(Worker& worker) {
  own_pool = this;
  while (const std::unique_ptr<Work> work = next(worker)) {
    work->run();
  }
}

/// Null when the pool has stopped.
std::unique_ptr<Work> WarmPool::next(Worker& worker) {
  std::unique_lock lock(mutex_);
  if (!is_stopped_ && waiting_.empty()) {
    resting_.push_back(&worker);
    worker.wake.wait(lock, [&] { return worker.work || is_stopped_; });
  }
  if (is_stopped_) {
    return nullptr;
  }
  if (worker.work) {
    return std::move(worker.work);
  }
  std::unique_ptr<Work> work = std::move(waiting_.front());
  waiting_.pop_front();
  return work;
}

void WarmPool::stop() {
  {
    const std::scoped_lock lock(mutex_);
    is_stopped_ = true;
  }
  for (const auto& worker : workers_) {
    worker->wake.notify_one();
  }
}

void WarmPool::join() {
  for (const auto& worker : workers_) {
    if (worker->thread.joinable()) {
      worker->thread.join();
    }
  }
  // Dropping work may bring new work, which comes to waiting_ too.
  for (;;) {
    std::deque<std::unique_ptr<Work>> dropped;
    {
      const std::scoped_lock lock(mutex_);
      dropped.swap(waiting_);
      for (const auto& worker : workers_) {
        if (worker->work) {
          dropped.push_back(std::move(worker->work));
        }
      }
    }
    if (dropped.empty()) {
      return;
    }
  }
}

}  // namespace aion
