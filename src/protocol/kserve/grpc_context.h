// What a gRPC call brings along besides its message: who calls, until when.
#pragma once

#include "base/request_context.h"
#include "base/result.h"
#include "net/grpc/call.h"
#include "security/authorizer.h"

namespace aion::kserve {

/// Principal and deadline of the call, or PermissionDenied.
[[nodiscard]] Result<RequestContext> context_of(const net::GrpcCall& call,
                                                const security::Authorizer& authorizer);

}  // namespace aion::kserve
