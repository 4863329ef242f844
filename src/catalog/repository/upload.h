// The files of a model that a client has sent, in a folder of their own.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace aion::catalog {

/// A folder <root>/<model>/ that is removed with its files when this goes.
class Upload {
 public:
  /// Writes `files` (contents by their path below the model's folder, at most 1,000 of them) into a
  /// fresh folder below `uploads`. InvalidArgument for a path that would leave the model's folder;
  /// Unavailable when it cannot be written.
  [[nodiscard]] static Result<std::shared_ptr<const Upload>> write(
      const std::filesystem::path& uploads,
      std::string_view model,
      const std::map<std::string, std::string>& files);
  ~Upload();
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  /// Canonical.
  [[nodiscard]] const std::filesystem::path& root() const { return root_; }

 private:
  explicit Upload(std::filesystem::path root) : root_(std::move(root)) {}
  std::filesystem::path root_;
};

}  // namespace aion::catalog
