#include "protocol/kserve/grpc_api.h"

#include <memory>
#include <utility>

#include "protocol/kserve/grpc_control.h"
#include "protocol/kserve/grpc_health.h"
#include "protocol/kserve/grpc_infer_call.h"
#include "protocol/kserve/grpc_stream.h"

namespace aion::kserve {

std::vector<net::GrpcService> grpc_services(serving::ModelServer& models,
                                            const security::Authorizer& authorizer,
                                            Executors& executors,
                                            const GrpcApiConfig& config) {
  const GrpcParts parts{models, authorizer};
  net::GrpcService inference;
  inference.name = "inference.GRPCInferenceService";
  inference.methods.emplace_back("ModelInfer", [parts](std::shared_ptr<net::GrpcCall> call) {
    return InferCall::open(std::move(call), parts);
  });
  inference.methods.emplace_back("ModelStreamInfer", [parts](std::shared_ptr<net::GrpcCall> call) {
    return StreamCall::open(std::move(call), parts);
  });
  add_control_methods(parts, executors, {config.name, config.version}, inference);
  std::vector<net::GrpcService> services;
  services.push_back(std::move(inference));
  services.push_back(health_service(models, executors.clock()));
  return services;
}

}  // namespace aion::kserve
