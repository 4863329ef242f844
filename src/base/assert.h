// States an invariant; a broken one is a bug and ends the process.
#pragma once

#include <string_view>

namespace aion {

/// Prints the condition and its place on stderr, then aborts.
[[noreturn]] void assertion_failed(std::string_view condition, const char* file, int line) noexcept;

}  // namespace aion

/// AION_ASSERT(count > 0): on in every build type.
#define AION_ASSERT(condition)                         \
  (static_cast<bool>(condition) ? static_cast<void>(0) \
                                : ::aion::assertion_failed(#condition, __FILE__, __LINE__))
