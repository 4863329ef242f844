// Base64, RFC 4648 section 4.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace aion {

/// The bytes that the text stands for; with or without padding at its end. InvalidArgument names
/// the position of the first character that does not belong there.
[[nodiscard]] Result<std::string> from_base64(std::string_view text);

}  // namespace aion
