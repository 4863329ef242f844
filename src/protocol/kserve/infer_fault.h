// How the faults of an infer request read: which field, what was expected there, what came.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/json_dom.h"
#include "base/result.h"

namespace aion::kserve {

/// Text of a client in single quotes, safe to repeat in a message: at most 64 bytes of it, and
/// every byte that is not printable ASCII is a '?'.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// A value as a message shows it: -3, 'abc', true, null, "an array", "an object".
[[nodiscard]] std::string described(JsonElement value);

/// "inputs[1]"
[[nodiscard]] std::string indexed(std::string_view list, std::size_t index);

/// InvalidArgument: "Unable to parse '<part>': <field> must be <expected>; got <got>". The prefix
/// is the one that Triton's clients know.
[[nodiscard]] Error must_be(std::string_view part,
                            std::string_view field,
                            std::string_view expected,
                            std::string_view got);

/// Why the text is no JSON: "failed to parse the request JSON buffer: <reason>". A number beyond
/// a double is named with its key and place, which the parser does not tell.
[[nodiscard]] Error no_json(std::string_view text, const Error& reason);

}  // namespace aion::kserve
