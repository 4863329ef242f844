#include "protocol/kserve/grpc_infer_call.h"

#include <string>
#include <utility>

#include "base/executor.h"
#include "base/spawn.h"
#include "protocol/kserve/grpc_context.h"
#include "protocol/kserve/grpc_decode.h"
#include "protocol/kserve/grpc_encode.h"
#include "protocol/kserve/grpc_status.h"

namespace aion::kserve {

namespace {

google::protobuf::ArenaOptions arena_in(char* block, std::size_t bytes) {
  google::protobuf::ArenaOptions options;
  options.initial_block = block;
  options.initial_block_size = bytes;
  return options;
}

}  // namespace

/// Makes a call for each message that arrives.
class InferCall::CallAllocator final : public Allocator {
 public:
  ::grpc::MessageHolder<inference::ModelInferRequest, inference::ModelInferResponse>*
  AllocateMessages() override {
    auto call = std::make_shared<InferCall>();
    InferCall& made = *call;
    made.held_by_library_ = std::move(call);
    return &made;
  }
};

InferCall::InferCall() : arena_(arena_in(block_.data(), block_.size())) {
  set_request(google::protobuf::Arena::CreateMessage<inference::ModelInferRequest>(&arena_));
  set_response(google::protobuf::Arena::CreateMessage<inference::ModelInferResponse>(&arena_));
}

InferCall::Allocator& InferCall::allocator() {
  static CallAllocator allocator;
  return allocator;
}

void InferCall::begin(const ::grpc::CallbackServerContext& context, const GrpcParts& parts) {
  if (const Result<void> started = start(context, parts); !started) {
    Finish(status_of(started));
  }
}

Result<void> InferCall::start(const ::grpc::CallbackServerContext& context,
                              const GrpcParts& parts) {
  AION_TRY(RequestContext request_context, context_of(context, parts.authorizer));
  AION_TRY(DecodedGrpcInfer decoded, decode_infer(*request(), held_by_library_));
  AION_TRY(const auto version, parts.models.find(decoded.request.model, decoded.request.version));
  if (version->is_decoupled) {
    return Error{Code::Unimplemented,
                 "ModelInfer RPC doesn't support models with decoupled transaction policy"};
  }
  request_context.cancel = cancel_.token();
  spawn(
      inline_executor(),
      run(held_by_library_, parts.models, std::move(request_context), std::move(decoded.request)));
  return {};
}

Awaitable<void> InferCall::run(std::shared_ptr<InferCall> self,
                               serving::ModelServer& models,
                               RequestContext context,
                               serving::InferRequest request) {
  Result<void> ended = co_await models.infer(std::move(context), std::move(request), *self);
  self->Finish(status_of(self->outcome(std::move(ended))));
}

void InferCall::send(serving::InferResponse answer) {
  ++answers_;
  if (answers_ == 1) {
    encoded_ = encode_infer(answer, *request(), *response());
  }
}

Result<void> InferCall::outcome(Result<void> ended) {
  if (!ended) {
    return ended;
  }
  if (answers_ != 1) {
    return Error{Code::Internal,
                 "model '" + request()->model_name() + "' gave " + std::to_string(answers_) +
                     " responses where one was expected"};
  }
  return encoded_;
}

}  // namespace aion::kserve
