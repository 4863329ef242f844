// What an Error is on the wire of KServe v2: its HTTP status, its gRPC status, its HTTP answer.
#pragma once

#include "base/result.h"
#include "net/http/message.h"

namespace aion::kserve {

/// The HTTP status that Triton's clients expect for this kind of failure.
[[nodiscard]] int http_status(Code code);

/// The number of the canonical gRPC status, https://grpc.io/docs/guides/status-codes.
[[nodiscard]] int grpc_status(Code code);

/// {"error": message} with the status of the code; "Retry-After" where the error says when.
[[nodiscard]] net::HttpResponse http_error(const Error& error);

}  // namespace aion::kserve
