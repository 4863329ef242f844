// Whether a version's files are still the ones that were loaded.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace aion::catalog {

/// Changes when a file of the version or its configuration does: made of the names, sizes, times
/// and identities of the files, whose contents are not read. `path` is a file, or a folder with all
/// below it. Empty when a file cannot be looked at or there are more than 10,000.
[[nodiscard]] std::string fingerprint_of(const std::filesystem::path& path,
                                         std::string_view configuration);

}  // namespace aion::catalog
