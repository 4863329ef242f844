#include "base/ip_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

namespace aion {

namespace {

constexpr unsigned kLoopbackNet = 127;

}  // namespace

bool is_loopback_address(const std::string& text) {
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) {
    return ntohl(v4.s_addr) >> 24U == kLoopbackNet;
  }
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6) != 1) {
    return false;
  }
  constexpr int kMappedNet = 12;  // ::ffff:a.b.c.d, RFC 4291 2.5.5.2
  return IN6_IS_ADDR_LOOPBACK(&v6) ||
         (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[kMappedNet] == kLoopbackNet);
}

std::string with_port(const std::string& host, unsigned port) {
  const bool is_v6 = host.find(':') != std::string::npos && !host.starts_with('[');
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace aion
