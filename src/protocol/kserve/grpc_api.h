// KServe v2 with Triton's extensions over gRPC, and the standard health service.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/executor.h"
#include "security/authorizer.h"
#include "serving/model_server.h"

namespace grpc {
class Service;
}

namespace aion::kserve {

struct GrpcApiConfig {
  std::string name = "aion";  // of the server, in its metadata
  std::string version;
};

/// The services for a net::GrpcServer, which must have stopped before this is destroyed.
class GrpcApi {
 public:
  /// All three outlive the services.
  GrpcApi(serving::ModelServer& models,
          const security::Authorizer& authorizer,
          Executors& executors,
          GrpcApiConfig config);
  ~GrpcApi();
  GrpcApi(const GrpcApi&) = delete;
  GrpcApi& operator=(const GrpcApi&) = delete;

  [[nodiscard]] std::vector<::grpc::Service*> services() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace aion::kserve
