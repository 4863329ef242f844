// The options of one run, through which a running request is cancelled.
#pragma once

#include <mutex>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "runtime/backend/onnx/library.h"

namespace aion::runtime::onnx {

/// Run options that are not in use, for the next runs.
///
/// Thread safety: all methods may be called from any thread.
class RunOptionsPool {
 public:
  [[nodiscard]] Result<RunOptionsHandle> take(const Library& library);
  void give_back(RunOptionsHandle options);

 private:
  std::mutex mutex_;
  std::vector<RunOptionsHandle> idle_;
};

/// Stops a run when its token is cancelled, for as long as this lives. A token that cannot be
/// cancelled costs nothing.
class CancellableRun {
 public:
  static Result<CancellableRun> begin(const Library& library,
                                      RunOptionsPool& pool,
                                      const CancelToken& cancel);
  ~CancellableRun();
  CancellableRun(CancellableRun&&) noexcept = default;
  CancellableRun& operator=(CancellableRun&&) = delete;

  /// For Run(); null when nothing can cancel it.
  [[nodiscard]] const OrtRunOptions* options() const { return options_.get(); }

 private:
  CancellableRun() = default;

  RunOptionsPool* pool_ = nullptr;
  RunOptionsHandle options_;
  CancelHook hook_;
};

}  // namespace aion::runtime::onnx
