// Addresses of the internet protocol, as text.
#pragma once

#include <string>

namespace aion {

/// Whether the text is an IP address that only this machine reaches: 127.0.0.0/8, ::1, or the
/// former written as IPv6. A name is none, whatever it begins with.
[[nodiscard]] bool is_loopback_address(const std::string& text);

/// "127.0.0.1:8000", "[::1]:8000": an address or name with a port, as it stands in a URL.
[[nodiscard]] std::string with_port(const std::string& host, unsigned port);

}  // namespace aion
