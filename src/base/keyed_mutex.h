// Lets one coroutine at a time through for each key.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/executor.h"
#include "base/spawn.h"
#include "base/task.h"

namespace aion {

/// A mutex for coroutines, one per key; who comes later waits suspended, in order, and goes on on
/// the executor.
///
/// Thread safety: all methods may be called from any thread. Outlives its guards.
class KeyedMutex {
 public:
  explicit KeyedMutex(Executor executor) : executor_(std::move(executor)) {}

  /// Unlocks when it is destroyed.
  class Guard {
   public:
    Guard(KeyedMutex& mutex, std::string key) : mutex_(&mutex), key_(std::move(key)) {}
    ~Guard();
    Guard(Guard&& other) noexcept
        : mutex_(std::exchange(other.mutex_, nullptr)), key_(std::move(other.key_)) {}
    Guard& operator=(Guard&&) = delete;

   private:
    KeyedMutex* mutex_;
    std::string key_;
  };

  [[nodiscard]] Awaitable<Guard> lock(std::string key);

 private:
  void unlock(const std::string& key);

  Executor executor_;
  std::mutex mutex_;                                   // never held over a suspension
  std::map<std::string, std::deque<Resume>> waiting_;  // an entry = the key is locked
};

}  // namespace aion
