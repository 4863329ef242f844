// The version of the program.
#pragma once

#include <string_view>

namespace aion {

/// Semantic version, as `aion version` prints it.
inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace aion
