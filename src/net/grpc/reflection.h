// Server reflection: tells clients such as grpcurl what services there are and of what types.
#pragma once

#include <string>
#include <vector>

#include "net/grpc/call.h"

namespace aion::net {

/// The service in both versions that clients know. It lists `services`, and describes
/// every schema that is linked into the program.
[[nodiscard]] std::vector<GrpcService> reflection_services(
    const std::vector<std::string>& services);

}  // namespace aion::net
