// What a worker process does: opens one version in a backend and runs what the daemon sends.
#pragma once

#include <functional>

#include "base/executor.h"
#include "base/result.h"
#include "runtime/backend/backend.h"

namespace aion::runtime::worker {

/// The backend for a version, or why there is none.
using FindBackend = std::function<Result<Backend*>(const catalog::ModelVersion&)>;

/// Ties this process to its parent's life: it is killed when the parent ends. FailedPrecondition
/// when it has ended already.
[[nodiscard]] Result<void> die_with_parent(long parent_pid);

/// Serves the daemon over the inherited descriptors until it says Stop. Runs execute on the compute
/// executor; the calling thread listens. The instance is destroyed before it returns. When the
/// conversation breaks, it says why on stderr and ends the process with status 1 from where it
/// stands, because nobody can wait for the runs that are under way. FailedPrecondition when there
/// is no daemon at the other end of the descriptors.
[[nodiscard]] Result<void> serve(Executors& executors, const FindBackend& find);

}  // namespace aion::runtime::worker
