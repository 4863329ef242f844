// The JSON documents of the control calls: what they answer, and what they take.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "serving/model_server.h"

namespace aion::kserve {

/// The extensions that are served, in Triton's order and words. Both front ends list them.
[[nodiscard]] std::span<const std::string_view> extensions();

/// "READY", "UNAVAILABLE", ... as the repository index spells it.
[[nodiscard]] std::string_view to_string(serving::VersionState state);

[[nodiscard]] std::string server_metadata_text(std::string_view name, std::string_view version);
[[nodiscard]] std::string model_metadata_text(const serving::ModelMetadata& metadata);
[[nodiscard]] std::string statistics_text(const std::vector<serving::VersionStatistics>& all);
[[nodiscard]] std::string index_text(const std::vector<serving::IndexRow>& rows);

// What the body of a repository call asks for; an empty body asks for nothing special. Each fails
// with InvalidArgument that names the key, or with Unimplemented for a parameter whose effect is
// not served.

/// Whether only what is ready shall be listed.
[[nodiscard]] Result<bool> read_index_body(std::string_view body);
/// What is to be loaded in the place of what the repository holds; nothing for a plain load.
[[nodiscard]] Result<std::optional<catalog::Override>> read_load_body(std::string_view body);
/// The override if there is one. A file without a configuration is refused with Triton's text.
[[nodiscard]] Result<std::optional<catalog::Override>> checked_override(catalog::Override given,
                                                                        bool has_config);
inline constexpr std::string_view kFilePrefix = "file:";  // of the load parameters with files
[[nodiscard]] Result<void> check_unload_body(std::string_view body);

}  // namespace aion::kserve
