#include "protocol/kserve/errors.h"

#include <chrono>
#include <string>

namespace aion::kserve {

namespace {

struct Statuses {
  int http;
  int grpc;
};

// Triton has eight codes; those that it lacks take the nearest HTTP status with a meaning of its
// own. A time that ran out in the queue is 503 over HTTP, and over gRPC the status that a deadline
// has there. AlreadyExists and Cancelled are 400 as they are there.
Statuses statuses(Code code) {
  switch (code) {
    case Code::InvalidArgument:
      return {400, 3};
    case Code::NotFound:
      return {404, 5};
    case Code::AlreadyExists:
      return {400, 6};
    case Code::PermissionDenied:
      return {403, 7};
    case Code::ResourceExhausted:
      return {429, 8};
    case Code::FailedPrecondition:
      return {400, 9};
    case Code::DeadlineExceeded:
      return {503, 4};
    case Code::Cancelled:
      return {400, 1};
    case Code::Unavailable:
      return {503, 14};
    case Code::Unimplemented:
      return {501, 12};
    case Code::Internal:
      break;
  }
  return {500, 13};
}

}  // namespace

int http_status(Code code) {
  return statuses(code).http;
}

int grpc_status(Code code) {
  return statuses(code).grpc;
}

net::HttpResponse http_error(const Error& error) {
  net::HttpResponse response = net::HttpResponse::error(http_status(error.code), error.message);
  if (error.retry_after.count() > 0) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(error.retry_after);
    response.headers.emplace_back("Retry-After", std::to_string(seconds.count()));
  }
  return response;
}

}  // namespace aion::kserve
