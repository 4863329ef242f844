#include "protocol/kserve/grpc_context.h"

namespace aion::kserve {

Result<RequestContext> context_of(const net::GrpcCall& call,
                                  const security::Authorizer& authorizer) {
  RequestContext context;
  AION_TRY(context.principal,
           authorizer.identify({call.peer_address(), call.metadata("authorization")}));
  context.deadline = call.deadline();
  return context;
}

}  // namespace aion::kserve
