// The standard health service of gRPC: serving when the server is ready, whatever service is asked
// for.
#pragma once

#include <protocol/kserve/health.grpc.pb.h>

#include "serving/model_server.h"

namespace aion::kserve {

/// Open to everybody, as probes carry no credentials. Watch answers that it is unsupported, upon
/// which clients fall back to Check.
class GrpcHealth final : public ::grpc::health::v1::Health::CallbackService {
 public:
  explicit GrpcHealth(const serving::ModelServer& models) : models_(models) {}

  ::grpc::ServerUnaryReactor* Check(::grpc::CallbackServerContext* context,
                                    const ::grpc::health::v1::HealthCheckRequest* request,
                                    ::grpc::health::v1::HealthCheckResponse* response) override;

 private:
  const serving::ModelServer& models_;
};

}  // namespace aion::kserve
