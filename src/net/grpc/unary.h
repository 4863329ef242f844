// Calls of one request and one answer, both protobuf messages.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <google/protobuf/message_lite.h>

#include "net/grpc/call.h"

namespace aion::net {

/// Reads the request, checks that there is just one, and sends the answer. It lives until the call
/// is over and whoever answers it has let go.
///
/// Thread safety: finish() from any thread, once; the rest as GrpcReceiver says.
class UnaryReceiver : public GrpcReceiver, public std::enable_shared_from_this<UnaryReceiver> {
 public:
  void on_message(std::string_view message) final;
  void on_half_close() final;
  void on_cancel() override {}

  [[nodiscard]] const GrpcCall& call() const { return *call_; }
  /// Ends the call: with the response, if the status is ok.
  void finish(GrpcStatus status);

 protected:
  explicit UnaryReceiver(std::shared_ptr<GrpcCall> call) : call_(std::move(call)) {}

  /// To begin: asks for the request.
  void read_request() { call_->read(); }

  /// Where the request goes, and where the response is taken from.
  virtual google::protobuf::MessageLite& request_message() = 0;
  virtual google::protobuf::MessageLite& response_message() = 0;
  /// The request is there. Answers by finish(), now or later.
  virtual void answer() = 0;

 private:
  void refuse(GrpcStatus status);

  std::shared_ptr<GrpcCall> call_;
  bool has_request_ = false;
  bool is_refused_ = false;
};

template <class Request, class Response>
class UnaryCall final : public UnaryReceiver {
 public:
  using Answer = std::function<void(std::shared_ptr<UnaryCall>)>;

  static std::shared_ptr<UnaryCall> open(std::shared_ptr<GrpcCall> call, Answer answer) {
    auto made = std::shared_ptr<UnaryCall>(new UnaryCall(std::move(call), std::move(answer)));
    made->read_request();
    return made;
  }

  [[nodiscard]] const Request& request() const { return request_; }
  [[nodiscard]] Response& response() { return response_; }

 private:
  UnaryCall(std::shared_ptr<GrpcCall> call, Answer answer)
      : UnaryReceiver(std::move(call)), answer_(std::move(answer)) {}

  google::protobuf::MessageLite& request_message() override { return request_; }
  google::protobuf::MessageLite& response_message() override { return response_; }
  void answer() override { answer_(std::static_pointer_cast<UnaryCall>(shared_from_this())); }

  Answer answer_;
  Request request_;
  Response response_;
};

/// A method that `answer` answers, on the io thread, by finish().
template <class Request, class Response>
GrpcMethod unary(typename UnaryCall<Request, Response>::Answer answer) {
  return [answer = std::move(answer)](std::shared_ptr<GrpcCall> call) {
    return UnaryCall<Request, Response>::open(std::move(call), answer);
  };
}

}  // namespace aion::net
