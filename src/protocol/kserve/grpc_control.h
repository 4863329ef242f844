// The calls of the inference service that are no inference: health, metadata, statistics,
// repository.
#pragma once

#include <string>

#include "base/executor.h"
#include "net/grpc/call.h"
#include "protocol/kserve/grpc_infer_call.h"

namespace aion::kserve {

struct ServerName {
  std::string name;
  std::string version;
};

/// Adds them to `service`; calls whose effect is not served answer UNIMPLEMENTED. `parts` and
/// `executors` outlive the service.
void add_control_methods(const GrpcParts& parts,
                         Executors& executors,
                         const ServerName& server,
                         net::GrpcService& service);

}  // namespace aion::kserve
