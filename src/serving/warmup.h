// The runs that a version makes before it serves.
#pragma once

#include <atomic>

#include "base/task.h"
#include "catalog/model/model.h"
#include "runtime/backend/backend.h"

namespace aion::serving {

/// Makes all warm-up runs of the version, whose signature is complete. Fails with InvalidArgument
/// when a warm-up does not fit the model, and with the model's own error when a run fails. Random
/// elements are the same at every load. Unavailable once `is_stopping` is set between two runs.
/// Reads files: call it on the blocking executor.
[[nodiscard]] Task<void> warm_up(const catalog::ModelVersion& version,
                                 runtime::Instance& instance,
                                 const std::atomic<bool>& is_stopping);

}  // namespace aion::serving
