#include "net/grpc/unary.h"

#include <limits>

namespace aion::net {

void UnaryReceiver::on_message(std::string_view message) {
  if (has_request_) {
    refuse({GrpcCode::InvalidArgument, "expected one request message, got more"});
    return;
  }
  has_request_ = true;
  const bool is_read =
      message.size() <= std::numeric_limits<int>::max() &&
      request_message().ParseFromArray(message.data(), static_cast<int>(message.size()));
  if (!is_read) {
    refuse({GrpcCode::InvalidArgument,
            "request of " + std::to_string(message.size()) + " bytes: expected a message of type " +
                request_message().GetTypeName() + ", got something else"});
    return;
  }
  call_->read();
}

void UnaryReceiver::on_half_close() {
  if (is_refused_) {
    return;
  }
  if (!has_request_) {
    refuse({GrpcCode::InvalidArgument, "expected one request message, got none"});
    return;
  }
  answer();
}

void UnaryReceiver::refuse(GrpcStatus status) {
  is_refused_ = true;
  call_->finish(std::move(status));
}

void UnaryReceiver::finish(GrpcStatus status) {
  std::optional<std::string> response;
  if (status.is_ok()) {
    response.emplace();
    if (!response_message().SerializeToString(&*response)) {
      response.reset();
      status = {GrpcCode::Internal, "the response is too large for one message"};
    }
  }
  call_->finish(std::move(status), std::move(response));
}

}  // namespace aion::net
