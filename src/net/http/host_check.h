// Tells whether a request names this server: a web page of somebody else may not talk to it (DNS
// rebinding).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http/request_head.h"

namespace aion::net {

/// Thread safety: immutable.
class HostCheck {
 public:
  HostCheck(std::string listening_address,
            std::vector<std::string> allowed_hosts,
            bool allow_any_host);

  /// 403 if the Host or the Origin of the request is not one of ours.
  [[nodiscard]] std::optional<Refusal> check(std::string_view host, std::string_view origin) const;

 private:
  [[nodiscard]] bool allows(std::string_view authority) const;
  [[nodiscard]] bool allows_address(const std::string& host) const;

  std::string address_;
  std::vector<std::string> names_;  // lower case
  bool allows_any_;
  bool listens_everywhere_;
};

}  // namespace aion::net
