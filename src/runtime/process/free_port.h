// A port of the loopback for programs that have to agree on one.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace aion::runtime {

/// Nobody listens on it now; that nobody else takes it before its user does cannot be promised.
[[nodiscard]] Result<std::uint16_t> free_port();

}  // namespace aion::runtime
