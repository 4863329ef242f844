// What `aion job submit` makes of its flags, a job file and the shell that it stands in.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "cli/command.h"

namespace aion::cli {

/// The flags of `aion job submit`.
[[nodiscard]] std::vector<Option> submit_options();

/// The body of the call. A job file (--file, TOML with the names of the JSON) comes first, flags
/// over it. The program's folder is this one; of the environment it gets what programs need to be
/// found and to speak (PATH, HOME, LANG, ...), and what --env NAME=VALUE says.
///
/// fails   InvalidArgument with the flag, what was expected and what came
[[nodiscard]] Result<Json> job_request(const Arguments& arguments);

/// "90", "90s", "15m", "2h", "1d" in milliseconds.
[[nodiscard]] Result<std::int64_t> parse_time(const std::string& text);

/// "0-9", "1,3,7-9:2": indices of an array, as sbatch writes them.
[[nodiscard]] Result<Json> parse_indices(const std::string& text);

}  // namespace aion::cli
