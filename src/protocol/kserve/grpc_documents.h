// The answers of the control calls, as gRPC messages.
#pragma once

#include <vector>

#include <protocol/kserve/grpc_service.pb.h>

#include "base/result.h"
#include "serving/model_server.h"

namespace aion::kserve {

void write_metadata(const serving::ModelMetadata& metadata, inference::ModelMetadataResponse& out);
void write_statistics(const std::vector<serving::VersionStatistics>& all,
                      inference::ModelStatisticsResponse& out);
void write_index(const std::vector<serving::IndexRow>& rows,
                 inference::RepositoryIndexResponse& out);

// Each fails with Unimplemented for what is not served, and with InvalidArgument for what nobody
// knows.
[[nodiscard]] Result<void> check_repository_name(const std::string& name);
/// What is to be loaded in the place of what the repository holds; nothing for a plain load.
[[nodiscard]] Result<std::optional<catalog::Override>> read_load(
    const inference::RepositoryModelLoadRequest& request);
[[nodiscard]] Result<void> check_unload(const inference::RepositoryModelUnloadRequest& request);

}  // namespace aion::kserve
