// Jobs as people see them on a terminal. All throw what the JSON library throws on an answer that
// makes no sense: see read_answer().
#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"

namespace aion::cli {

/// A line for each job of {"jobs","counts"}, and how many there are in each state.
[[nodiscard]] Result<std::string> list_text(const Json& answer);
/// One job with its story.
[[nodiscard]] Result<std::string> show_text(const Json& job);
/// A line for each of {"environments"}.
[[nodiscard]] Result<std::string> environments_text(const Json& answer);

}  // namespace aion::cli
