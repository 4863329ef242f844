#include "base/keyed_mutex.h"

#include <optional>
#include <utility>

namespace aion {

KeyedMutex::Guard::~Guard() {
  if (mutex_ != nullptr) {
    mutex_->unlock(key_);
  }
}

Awaitable<KeyedMutex::Guard> KeyedMutex::lock(std::string key) {
  co_await suspend([this, &key](const Resume& resume) {
    {
      const std::scoped_lock hold(mutex_);
      const auto [entry, is_free] = waiting_.try_emplace(key);
      if (!is_free) {
        entry->second.push_back(resume);
        return;
      }
    }
    resume(executor_);
  });
  co_return Guard(*this, std::move(key));
}

void KeyedMutex::unlock(const std::string& key) {
  std::optional<Resume> next;
  {
    const std::scoped_lock hold(mutex_);
    const auto entry = waiting_.find(key);
    if (entry->second.empty()) {
      waiting_.erase(entry);
      return;
    }
    next = std::move(entry->second.front());
    entry->second.pop_front();
  }
  (*next)(executor_);
}

}  // namespace aion
