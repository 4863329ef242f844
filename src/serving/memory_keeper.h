// Gives memory back that large requests have left behind.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/executor.h"
#include "serving/model_table.h"

namespace aion::serving {

/// A runtime keeps what its largest run has needed. Once a second this looks how much memory the
/// process holds; when it has grown by more than 64 MiB since it was last small, the versions that
/// have run since then and rest now are shrunk, on the blocking executor. Versions that are in use
/// keep what they use.
///
/// Thread safety: made and destroyed on one thread, none of the executor's; does its work on
/// others.
class MemoryKeeper {
 public:
  /// All outlive the keeper. `is_idle` may be called from any thread: whether no request is under
  /// way, so that what the process holds is what it holds at rest.
  MemoryKeeper(Clock& clock,
               Executor blocking,
               const ModelTable& table,
               std::function<bool()> is_idle);
  /// Waits for a look that is under way.
  ~MemoryKeeper();
  MemoryKeeper(const MemoryKeeper&) = delete;
  MemoryKeeper& operator=(const MemoryKeeper&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace aion::serving
