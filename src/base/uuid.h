// Names that nobody else has given: time-ordered UUIDs.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace aion {

/// A new UUID of version 7 (RFC 9562, section 5.7): 36 characters, in lower case. Of two made in
/// one process the later one sorts behind, also when the clock goes back. May be called from any
/// thread.
[[nodiscard]] std::string new_uuid(std::chrono::system_clock::time_point now);

/// Whether the text is a UUID of any version, in lower case.
[[nodiscard]] bool is_uuid(std::string_view text);

}  // namespace aion
