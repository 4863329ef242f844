// The model configuration as clients are told it: what was configured, completed.
#pragma once

#include <string>

#include <catalog/repository/model_config.pb.h>

#include "catalog/model/model.h"

namespace aion::kserve {

/// What the configuration says, with what it left out filled in as Triton does it: name, platform,
/// backend, version policy, tensors (without the rows where max_batch_size is above 0), preferred
/// sizes, one instance group. `version` is complete.
[[nodiscard]] inference::ModelConfig model_config_of(const catalog::ModelVersion& version);

/// Protobuf's JSON mapping as Triton writes it: the names of the schema, every field but messages
/// that are not set, enumerations by name, integers of 64 bits as numbers.
[[nodiscard]] std::string json_text_of(const google::protobuf::Message& message);

}  // namespace aion::kserve
