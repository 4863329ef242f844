// Whole files: read at once, or replaced so that nobody sees half of one.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace aion {

/// The whole file. NotFound when it cannot be opened, InvalidArgument when it is a folder,
/// ResourceExhausted above `limit` bytes, Unavailable when reading fails halfway.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& file, std::size_t limit);

/// Puts `text` where `file` is, in one step: written beside it (".new", mode 0600), brought to the
/// disk, renamed. A link in the way of the new file is not followed. FailedPrecondition with the
/// system's reason, and the old file untouched, when the disk is full or something else fails.
[[nodiscard]] Result<void> replace_file(const std::filesystem::path& file, std::string_view text);

}  // namespace aion
