// Decides who a caller is.
#pragma once

#include <memory>
#include <string_view>

#include "base/request_context.h"
#include "base/result.h"

namespace aion::security {

/// What a caller showed: where it comes from, and its credentials as sent.
struct Credentials {
  std::string_view peer_address;   // "127.0.0.1"
  std::string_view authorization;  // the Authorization header; empty = none
};

/// Turns credentials into a principal, or PermissionDenied.
///
/// Thread safety: may be called from any thread.
class Authorizer {
 public:
  virtual ~Authorizer() = default;
  [[nodiscard]] virtual Result<std::shared_ptr<const Principal>> identify(
      const Credentials& credentials) const = 0;
};

/// Everybody who reaches the port is the one loopback principal of project "default". The daemon
/// listens elsewhere than on loopback only with --insecure, so that this is a decision somebody
/// took.
class LoopbackAuthorizer final : public Authorizer {
 public:
  LoopbackAuthorizer();
  [[nodiscard]] Result<std::shared_ptr<const Principal>> identify(
      const Credentials& credentials) const override;

 private:
  std::shared_ptr<const Principal> loopback_;
};

}  // namespace aion::security
