// JSON documents for configuration, control calls and the command line: comfort over speed.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/result.h"

namespace aion {

/// Keeps the order in which keys were added.
using Json = nlohmann::ordered_json;

/// The document, or InvalidArgument with the byte offset and what was expected there.
/// At most 100 levels deep.
[[nodiscard]] Result<Json> parse_json(std::string_view text);

/// Compact text. Bytes that are not UTF-8 are replaced; non-finite numbers become null.
[[nodiscard]] std::string to_text(const Json& json);

}  // namespace aion
