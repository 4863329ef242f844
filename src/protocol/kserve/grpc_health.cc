#include "protocol/kserve/grpc_health.h"

namespace aion::kserve {

::grpc::ServerUnaryReactor* GrpcHealth::Check(
    ::grpc::CallbackServerContext* context,
    const ::grpc::health::v1::HealthCheckRequest* /*request*/,
    ::grpc::health::v1::HealthCheckResponse* response) {
  using Response = ::grpc::health::v1::HealthCheckResponse;
  response->set_status(models_.is_ready() ? Response::SERVING : Response::NOT_SERVING);
  ::grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(::grpc::Status::OK);
  return reactor;
}

}  // namespace aion::kserve
