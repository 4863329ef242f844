// Runs short actions one at a time without making anybody wait: the state they touch needs no lock.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>

namespace aion {

/// Actions run in the order they came, on the thread that brings one while none is running; a
/// thread that comes meanwhile leaves its action to that one and goes on. So an action is short,
/// never blocks, and may bring others.
///
/// Thread safety: run() may be called from any thread; the destructor only when no run() is under
/// way.
class Serial {
 public:
  Serial() = default;
  ~Serial();
  Serial(const Serial&) = delete;
  Serial& operator=(const Serial&) = delete;

  void run(std::function<void()> action);

 private:
  struct Node;
  std::atomic<Node*> newest_ = nullptr;  // a stack of what has been brought and not yet taken
  std::atomic<std::size_t> unfinished_ = 0;
};

}  // namespace aion
