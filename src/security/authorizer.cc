#include "security/authorizer.h"

namespace aion::security {

LoopbackAuthorizer::LoopbackAuthorizer()
    : loopback_(std::make_shared<const Principal>(Principal{"loopback", "default"})) {}

Result<std::shared_ptr<const Principal>> LoopbackAuthorizer::identify(
    const Credentials& /*credentials*/) const {
  return loopback_;
}

}  // namespace aion::security
