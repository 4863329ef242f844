// Letters of UTF-8 text, one after the other.
#pragma once

#include <string_view>

namespace aion::plot {

/// Takes the first letter off a text that is not empty. A byte that begins none is taken alone and
/// given as U+FFFF, which is no character.
[[nodiscard]] char32_t next_letter(std::string_view& text);

}  // namespace aion::plot
