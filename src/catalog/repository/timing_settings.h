// What a model configuration says about when answers are wanted.
#pragma once

#include "base/result.h"
#include "catalog/model/model.h"

namespace inference {
class ModelConfig;
}

namespace aion::catalog {

/// The parameters "period_ms", "deadline_ms" (without it, the period) and "criticality".
/// InvalidArgument names the one with a wrong value.
[[nodiscard]] Result<Timing> timing_of(const inference::ModelConfig& config);

}  // namespace aion::catalog
