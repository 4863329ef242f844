// One ModelInfer call: its messages, its answer, its end.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include <google/protobuf/arena.h>
#include <protocol/kserve/infer.pb.h>

#include "base/cancel.h"
#include "base/request_context.h"
#include "base/task.h"
#include "net/grpc/unary.h"
#include "security/authorizer.h"
#include "serving/model_server.h"

namespace aion::kserve {

/// What calls need of the house; all outlive the server.
struct GrpcParts {
  serving::ModelServer& models;
  const security::Authorizer& authorizer;
};

/// Holds request and response in one arena. The connection holds it until the call is over; the
/// coroutine and the tensors that view the request hold it too, so that it goes when the last of
/// them does.
class InferCall final : public net::UnaryReceiver, public serving::InferSink {
 public:
  static std::shared_ptr<InferCall> open(std::shared_ptr<net::GrpcCall> call,
                                         const GrpcParts& parts);

  void on_cancel() override { cancel_.cancel(); }
  void send(serving::InferResponse response) override;

 private:
  InferCall(std::shared_ptr<net::GrpcCall> call, const GrpcParts& parts);

  static Awaitable<void> run(std::shared_ptr<InferCall> self,
                             RequestContext context,
                             serving::InferRequest request);

  google::protobuf::MessageLite& request_message() override { return request_; }
  google::protobuf::MessageLite& response_message() override { return response_; }
  void answer() override;
  Result<void> start();
  [[nodiscard]] std::shared_ptr<InferCall> self();
  [[nodiscard]] Result<void> outcome(Result<void> ended);

  // Fits the messages of a request with a few inputs of which the large ones, being strings, lie
  // elsewhere.
  static constexpr std::size_t kArenaBytes = 4096;

  GrpcParts parts_;
  alignas(std::max_align_t) std::array<char, kArenaBytes> block_;
  google::protobuf::Arena arena_;
  inference::ModelInferRequest& request_;    // in the arena
  inference::ModelInferResponse& response_;  // in the arena
  CancelSource cancel_;
  std::size_t answers_ = 0;
  Result<void> encoded_;
};

}  // namespace aion::kserve
