// What an Error is on gRPC: a status.
#pragma once

#include "base/result.h"
#include "net/grpc/status.h"

namespace aion::kserve {

/// The status of the code, with the message; a very long one is cut, because it travels in a
/// header.
[[nodiscard]] net::GrpcStatus status_of(const Error& error);
[[nodiscard]] net::GrpcStatus status_of(const Result<void>& result);

}  // namespace aion::kserve
