// The standard health service of gRPC: serving when the server is ready, whatever service is asked
// for.
#pragma once

#include "base/clock.h"
#include "net/grpc/call.h"
#include "serving/model_server.h"

namespace aion::kserve {

/// Open to everybody, as probes carry no credentials. Watch sends a message when the state has
/// changed, which it looks at every second. Both outlive the service.
[[nodiscard]] net::GrpcService health_service(const serving::ModelServer& models, Clock& clock);

}  // namespace aion::kserve
