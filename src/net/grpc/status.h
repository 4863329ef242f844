// How a gRPC call ends: https://grpc.io/docs/guides/status-codes.
#pragma once

#include <cstdint>
#include <string>

namespace aion::net {

enum class GrpcCode : std::uint8_t {
  Ok = 0,
  Cancelled = 1,
  Unknown = 2,
  InvalidArgument = 3,
  DeadlineExceeded = 4,
  NotFound = 5,
  AlreadyExists = 6,
  PermissionDenied = 7,
  ResourceExhausted = 8,
  FailedPrecondition = 9,
  Aborted = 10,
  OutOfRange = 11,
  Unimplemented = 12,
  Internal = 13,
  Unavailable = 14,
  DataLoss = 15,
  Unauthenticated = 16,
};

struct GrpcStatus {
  GrpcCode code = GrpcCode::Ok;
  std::string message;

  [[nodiscard]] bool is_ok() const { return code == GrpcCode::Ok; }
};

}  // namespace aion::net
