// TOML files as JSON documents.
#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace aion {

/// The document (TOML 1.0), or InvalidArgument with line and column. Dates and times become text.
[[nodiscard]] Result<Json> parse_toml(std::string_view text);

}  // namespace aion
