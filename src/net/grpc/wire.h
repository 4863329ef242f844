// The small texts of gRPC over HTTP/2: time limits and status messages, as they stand in headers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace aion::net {

/// The value of "grpc-timeout": at most eight digits and a unit (H M S m u n); nothing if it is
/// none.
[[nodiscard]] std::optional<Duration> parse_grpc_timeout(std::string_view text);

/// A status message as "grpc-message" carries it: what is not printable ASCII, and '%', as %XX.
[[nodiscard]] std::string percent_encoded(std::string_view message);

}  // namespace aion::net
