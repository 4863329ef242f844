// KServe v2 with Triton's extensions over gRPC, and the standard health service.
#pragma once

#include <string>
#include <vector>

#include "base/executor.h"
#include "net/grpc/call.h"
#include "security/authorizer.h"
#include "serving/model_server.h"

namespace aion::kserve {

struct GrpcApiConfig {
  std::string name = "aion";  // of the server, in its metadata
  std::string version;
};

/// The services for a net::GrpcServer. All three outlive it.
[[nodiscard]] std::vector<net::GrpcService> grpc_services(serving::ModelServer& models,
                                                          const security::Authorizer& authorizer,
                                                          Executors& executors,
                                                          const GrpcApiConfig& config);

}  // namespace aion::kserve
