// One ModelInfer call: its messages, its answer, its end.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include <google/protobuf/arena.h>
#include <grpcpp/support/message_allocator.h>
#include <grpcpp/support/server_callback.h>
#include <protocol/kserve/grpc_service.pb.h>

#include "base/cancel.h"
#include "base/request_context.h"
#include "base/task.h"
#include "security/authorizer.h"
#include "serving/model_server.h"

namespace aion::kserve {

/// What calls need of the house; all outlive the server.
struct GrpcParts {
  serving::ModelServer& models;
  const security::Authorizer& authorizer;
};

/// Holds request and response in one arena, and is the reactor that answers. The library owns it
/// from the message's arrival until Release(); the coroutine and the tensors that view the request
/// hold it too, so that it goes when the last of them does.
class InferCall final
    : public ::grpc::MessageHolder<inference::ModelInferRequest, inference::ModelInferResponse>,
      public ::grpc::ServerUnaryReactor,
      public serving::InferSink {
 public:
  using Allocator =
      ::grpc::MessageAllocator<inference::ModelInferRequest, inference::ModelInferResponse>;

  InferCall();

  /// For SetMessageAllocatorFor_ModelInfer(); holds nothing.
  static Allocator& allocator();

  /// Decodes and runs the request, on this thread as far as the model allows. Called once, by the
  /// method's handler.
  void begin(const ::grpc::CallbackServerContext& context, const GrpcParts& parts);

  void Release() override { const auto last = std::move(held_by_library_); }

  void send(serving::InferResponse response) override;

 private:
  class CallAllocator;

  static Awaitable<void> run(std::shared_ptr<InferCall> self,
                             serving::ModelServer& models,
                             RequestContext context,
                             serving::InferRequest request);
  Result<void> start(const ::grpc::CallbackServerContext& context, const GrpcParts& parts);
  [[nodiscard]] Result<void> outcome(Result<void> ended);

  void OnDone() override {}  // Release() comes next
  void OnCancel() override { cancel_.cancel(); }
  // The reactions above are short, so they need no hop to the library's executor thread, which
  // costs more than a small model. The library marks this method as its own; the pinned version
  // honours it in any reactor.
  bool InternalInlineable() override { return true; }

  // Fits the messages of a request with a few inputs of which the large ones, being strings, lie
  // elsewhere.
  static constexpr std::size_t kArenaBytes = 4096;

  alignas(std::max_align_t) std::array<char, kArenaBytes> block_;
  google::protobuf::Arena arena_;
  std::shared_ptr<InferCall> held_by_library_;
  CancelSource cancel_;
  std::size_t answers_ = 0;
  Result<void> encoded_;
};

}  // namespace aion::kserve
