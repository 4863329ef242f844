// Reads one model of a folder repository.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "catalog/model/model.h"
#include "catalog/repository/settings.h"

namespace aion::catalog {

/// A model that is one file: version 1. `root` is canonical; the file must lie below it.
[[nodiscard]] Result<Model> read_model_file(const std::filesystem::path& root,
                                            std::string_view name,
                                            const std::optional<Settings>& settings = std::nullopt);

/// The model in `root`/`name`. `root` is canonical; all that is read must lie below it. `settings`
/// stand in the place of its config.pbtxt.
[[nodiscard]] Result<Model> read_model_folder(
    const std::filesystem::path& root,
    std::string_view name,
    const std::optional<Settings>& settings = std::nullopt);

}  // namespace aion::catalog
