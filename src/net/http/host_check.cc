#include "net/http/host_check.h"

#include <algorithm>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "net/http/ascii.h"

namespace aion::net {

namespace {

std::string in_lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower_case);
  return out;
}

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// The host of "name", "name:80", "[::1]" or "[::1]:80" in lower case; empty if it is none of
/// these.
std::string host_of(std::string_view authority) {
  std::size_t end = authority.find(':');
  if (authority.starts_with('[')) {
    const std::size_t bracket = authority.find(']');
    if (bracket == std::string_view::npos) {
      return {};
    }
    end = bracket + 1;
    if (end < authority.size() && (authority[end] != ':' || !is_port(authority.substr(end + 1)))) {
      return {};
    }
    return in_lower_case(authority.substr(1, bracket - 1));
  }
  if (end != std::string_view::npos && !is_port(authority.substr(end + 1))) {
    return {};
  }
  std::string_view name = authority.substr(0, end);
  if (name.ends_with('.')) {
    name.remove_suffix(1);
  }
  return in_lower_case(name);
}

}  // namespace

HostCheck::HostCheck(std::string listening_address,
                     std::vector<std::string> allowed_hosts,
                     bool allow_any_host)
    : address_(in_lower_case(listening_address)),
      names_(std::move(allowed_hosts)),
      allows_any_(allow_any_host),
      listens_everywhere_(address_ == "0.0.0.0" || address_ == "::") {
  std::transform(names_.begin(), names_.end(), names_.begin(), in_lower_case);
}

std::optional<Refusal> HostCheck::check(std::string_view host, std::string_view origin) const {
  if (!allows(host)) {
    return Refusal{
        403,
        "host '" + shown(host) +
            "' is not allowed: expected a loopback name, the listening address or one of the "
            "allowed hosts of the configuration"};
  }
  if (origin.empty() || allows_any_) {
    return std::nullopt;
  }
  const std::size_t scheme_end = origin.find("://");
  if (scheme_end == std::string_view::npos || !allows(origin.substr(scheme_end + 3))) {
    return Refusal{
        403, "origin '" + shown(origin) + "' is not allowed: expected a page of an allowed host"};
  }
  return std::nullopt;
}

bool HostCheck::allows(std::string_view authority) const {
  if (allows_any_) {
    return true;
  }
  const std::string host = host_of(authority);
  if (host.empty()) {
    return false;
  }
  return host == "localhost" || host.ends_with(".localhost") || host == address_ ||
         allows_address(host) || std::find(names_.begin(), names_.end(), host) != names_.end();
}

bool HostCheck::allows_address(const std::string& host) const {
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    constexpr unsigned kLoopbackNet = 127;
    // An address cannot be rebound: who names it has been sent to it.
    return listens_everywhere_ || ntohl(v4.s_addr) >> 24U == kLoopbackNet;
  }
  in6_addr v6{};
  if (inet_pton(AF_INET6, host.c_str(), &v6) == 1) {
    return listens_everywhere_ || IN6_IS_ADDR_LOOPBACK(&v6);
  }
  return false;
}

}  // namespace aion::net
