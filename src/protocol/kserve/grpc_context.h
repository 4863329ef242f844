// What a gRPC call brings along besides its message: who calls, until when.
#pragma once

#include <string>
#include <string_view>

#include <grpcpp/server_context.h>

#include "base/request_context.h"
#include "base/result.h"
#include "security/authorizer.h"

namespace aion::kserve {

/// Principal and deadline of the call, or PermissionDenied.
[[nodiscard]] Result<RequestContext> context_of(const ::grpc::CallbackServerContext& call,
                                                const security::Authorizer& authorizer);

/// The address out of the library's name of a peer: "ipv4:127.0.0.1:4711", "ipv6:%5B::1%5D:4711".
[[nodiscard]] std::string address_of_peer(std::string_view peer);

}  // namespace aion::kserve
