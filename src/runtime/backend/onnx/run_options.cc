#include "runtime/backend/onnx/run_options.h"

#include <utility>

namespace aion::runtime::onnx {

Result<RunOptionsHandle> RunOptionsPool::take(const Library& library) {
  {
    const std::scoped_lock lock(mutex_);
    if (!idle_.empty()) {
      RunOptionsHandle options = std::move(idle_.back());
      idle_.pop_back();
      return options;
    }
  }
  OrtRunOptions* made = nullptr;
  AION_TRY_VOID(library.check(library.api().CreateRunOptions(&made)));
  return library.own<RunOptionsHandle>(made);
}

void RunOptionsPool::give_back(RunOptionsHandle options) {
  const std::scoped_lock lock(mutex_);
  idle_.push_back(std::move(options));
}

Result<CancellableRun> CancellableRun::begin(const Library& library,
                                             RunOptionsPool& pool,
                                             const CancelToken& cancel) {
  CancellableRun run;
  if (!cancel.can_be_cancelled()) {
    return run;
  }
  AION_TRY(run.options_, pool.take(library));
  run.pool_ = &pool;
  // The status is null by the library's own source: setting the flag cannot fail.
  run.hook_ = cancel.when_cancelled([api = &library.api(), options = run.options_.get()] {
    api->ReleaseStatus(api->RunOptionsSetTerminate(options));
  });
  return run;
}

CancellableRun::~CancellableRun() {
  if (!options_) {
    return;
  }
  hook_ = CancelHook();  // from here on nobody sets the flag
  const OrtApi& api = *options_.get_deleter().api;
  api.ReleaseStatus(api.RunOptionsUnsetTerminate(options_.get()));
  pool_->give_back(std::move(options_));
}

}  // namespace aion::runtime::onnx
