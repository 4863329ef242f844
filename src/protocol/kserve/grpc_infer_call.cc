#include "protocol/kserve/grpc_infer_call.h"

#include <string>
#include <utility>

#include "base/executor.h"
#include "base/spawn.h"
#include "protocol/kserve/grpc_context.h"
#include "protocol/kserve/grpc_decode.h"
#include "protocol/kserve/grpc_encode.h"
#include "protocol/kserve/grpc_status.h"
#include "protocol/kserve/urgency.h"

namespace aion::kserve {

namespace {

using google::protobuf::Arena;

google::protobuf::ArenaOptions arena_in(char* block, std::size_t bytes) {
  google::protobuf::ArenaOptions options;
  options.initial_block = block;
  options.initial_block_size = bytes;
  return options;
}

}  // namespace

InferCall::InferCall(std::shared_ptr<net::GrpcCall> call, const GrpcParts& parts)
    : UnaryReceiver(std::move(call)),
      parts_(parts),
      arena_(arena_in(block_.data(), block_.size())),
      request_(*Arena::CreateMessage<inference::ModelInferRequest>(&arena_)),
      response_(*Arena::CreateMessage<inference::ModelInferResponse>(&arena_)) {}

std::shared_ptr<InferCall> InferCall::open(std::shared_ptr<net::GrpcCall> call,
                                           const GrpcParts& parts) {
  std::shared_ptr<InferCall> opened(new InferCall(std::move(call), parts));
  opened->read_request();
  return opened;
}

std::shared_ptr<InferCall> InferCall::self() {
  return std::static_pointer_cast<InferCall>(shared_from_this());
}

void InferCall::answer() {
  if (const Result<void> started = start(); !started) {
    finish(status_of(started));
  }
}

Result<void> InferCall::start() {
  AION_TRY(RequestContext context, context_of(call(), parts_.authorizer));
  AION_TRY(DecodedGrpcInfer decoded, decode_infer(request_, self()));
  AION_TRY_VOID(add_urgency(
      call().metadata(kDeadlineHeader), call().metadata(kCriticalityHeader), decoded.request));
  AION_TRY(const auto version, parts_.models.find(decoded.request.model, decoded.request.version));
  if (version->is_decoupled) {
    return Error{Code::Unimplemented,
                 "ModelInfer RPC doesn't support models with decoupled transaction policy"};
  }
  context.cancel = cancel_.token();
  spawn(inline_executor(), run(self(), std::move(context), std::move(decoded.request)));
  return {};
}

Awaitable<void> InferCall::run(std::shared_ptr<InferCall> self,
                               RequestContext context,
                               serving::InferRequest request) {
  Result<void> ended =
      co_await self->parts_.models.infer(std::move(context), std::move(request), *self);
  self->finish(status_of(self->outcome(std::move(ended))));
}

void InferCall::send(serving::InferResponse answer) {
  ++answers_;
  if (answers_ == 1) {
    encoded_ = encode_infer(answer, request_, response_);
  }
}

Result<void> InferCall::outcome(Result<void> ended) {
  if (!ended) {
    return ended;
  }
  if (answers_ != 1) {
    return Error{Code::Internal,
                 "model '" + request_.model_name() + "' gave " + std::to_string(answers_) +
                     " responses where one was expected"};
  }
  return encoded_;
}

}  // namespace aion::kserve
