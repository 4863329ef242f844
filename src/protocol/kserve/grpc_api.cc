#include "protocol/kserve/grpc_api.h"

#include <utility>

#include "protocol/kserve/grpc_control.h"
#include "protocol/kserve/grpc_health.h"
#include "protocol/kserve/grpc_infer_call.h"
#include "protocol/kserve/grpc_stream.h"

namespace aion::kserve {

namespace {

/// The inference service, whole.
class InferenceService final : public GrpcControl {
 public:
  using GrpcControl::GrpcControl;

  Reactor* ModelInfer(Context* context,
                      const inference::ModelInferRequest* /*request*/,
                      inference::ModelInferResponse* /*response*/) override {
    auto* const call =
        static_cast<InferCall*>(context->GetRpcAllocatorState());  // InferCall::allocator() made it
    call->begin(*context, parts());
    return call;
  }

  ::grpc::ServerBidiReactor<inference::ModelInferRequest, inference::ModelStreamInferResponse>*
  ModelStreamInfer(Context* context) override {
    return StreamCall::open(*context, parts());
  }
};

}  // namespace

struct GrpcApi::State {
  State(const GrpcParts& parts, Executors& executors, GrpcApiConfig config)
      : inference(parts, executors, std::move(config.name), std::move(config.version)),
        health(parts.models) {
    inference.SetMessageAllocatorFor_ModelInfer(&InferCall::allocator());
  }

  InferenceService inference;
  GrpcHealth health;
};

GrpcApi::GrpcApi(serving::ModelServer& models,
                 const security::Authorizer& authorizer,
                 Executors& executors,
                 GrpcApiConfig config)
    : state_(std::make_unique<State>(GrpcParts{models, authorizer}, executors, std::move(config))) {
}

GrpcApi::~GrpcApi() = default;

std::vector<::grpc::Service*> GrpcApi::services() const {
  return {&state_->inference, &state_->health};
}

}  // namespace aion::kserve
