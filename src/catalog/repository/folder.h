// Models in folders: bare .onnx files and Triton's <name>/<version>/model.onnx layout.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "catalog/repository/repository.h"

namespace aion::catalog {

/// Finds models below one or several root folders:
///
///   <root>/<name>.onnx                        version 1 of model <name>
///   <root>/<name>/<version>/model.onnx        versions by decimal names without leading zeros
///   <root>/<name>/<any>.onnx                  version 1, if it is the only .onnx file and there is
///   no version folder <root>/<name>/config.pbtxt                optional, see settings.h
///
/// Hidden entries and other files in a root are no models. A symbolic link that leads out of its
/// root is refused, and a name that two entries have is an error for both. Nothing is cached: each
/// call reads the folders.
class FolderRepository final : public Repository {
 public:
  /// Files of an Override are written below `uploads`, a folder of this repository's own which may
  /// not exist yet; without one such an override is refused.
  explicit FolderRepository(std::vector<std::filesystem::path> roots,
                            std::filesystem::path uploads = {})
      : roots_(std::move(roots)), uploads_(std::move(uploads)) {}

  [[nodiscard]] Result<std::vector<Finding>> scan() const override;
  [[nodiscard]] Result<Model> find(std::string_view name) const override;
  [[nodiscard]] Result<Model> overridden(std::string_view name,
                                         const Override& given) const override;

 private:
  std::vector<std::filesystem::path> roots_;
  std::filesystem::path uploads_;
};

}  // namespace aion::catalog
