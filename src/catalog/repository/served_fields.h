// Says which fields of a model configuration are honoured, so that none is ignored in silence.
#pragma once

#include <optional>
#include <string>

namespace inference {
class ModelConfig;
}

namespace aion::catalog {

/// The path ("dynamic_batching", "input.reshape") of the first field that is set and not served
/// yet; nullopt when all are.
[[nodiscard]] std::optional<std::string> first_unserved_field(const inference::ModelConfig& config);

}  // namespace aion::catalog
