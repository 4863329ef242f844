// What a model configuration says about how requests wait, are joined, and about warm-ups.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "catalog/model/model.h"

namespace inference {
class ModelConfig;
}

namespace aion::catalog {

/// InvalidArgument names the field with a wrong value. Without `dynamic_batching` a model is
/// batched adaptively, unless it says `max_batch_size: 0` of inputs that it declares, or the
/// parameter "batching" is "off".
[[nodiscard]] Result<Batching> batching_of(const inference::ModelConfig& config);

/// How many runs at once the instance groups allow together; 0 when none says.
[[nodiscard]] Result<std::uint32_t> instances_of(const inference::ModelConfig& config);

/// The files of warm-ups are names without a folder here.
[[nodiscard]] Result<std::vector<Warmup>> warmups_of(const inference::ModelConfig& config);

}  // namespace aion::catalog
