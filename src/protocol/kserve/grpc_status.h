// What an Error is on gRPC: a status.
#pragma once

#include <grpcpp/support/status.h>

#include "base/result.h"

namespace aion::kserve {

/// The status of the code, with the message; a very long one is cut, because it travels in a
/// header.
[[nodiscard]] ::grpc::Status status_of(const Error& error);
[[nodiscard]] ::grpc::Status status_of(const Result<void>& result);

}  // namespace aion::kserve
