// Brings the tables of a file to what this program writes.
#pragma once

#include <filesystem>
#include <span>

#include "base/result.h"
#include "store/sqlite/database.h"
#include "store/store.h"

namespace aion::store::sqlite {

/// Each step that the file does not have yet, in the order of the list, each in a transaction of
/// its own; a file that held something is copied beside itself first
/// ("<file>.before-<room>-<number>"). One that fails leaves the file as it was before that step.
///
/// fails   FailedPrecondition  a newer program has written the file
[[nodiscard]] Result<void> migrate(Database& database,
                                   const std::filesystem::path& file,
                                   std::span<const Migration> steps);

}  // namespace aion::store::sqlite
