// The names of the models that clients have loaded, kept over a restart.
#pragma once

#include <filesystem>
#include <mutex>
#include <set>
#include <string>

#include "base/result.h"

namespace aion::serving {

/// A file with a JSON list of names. A change is on the disk when the call has returned.
///
/// Thread safety: all methods may be called from any thread. They block.
class RememberedNames {
 public:
  explicit RememberedNames(std::filesystem::path file) : file_(std::move(file)) {}

  /// What the file holds; nothing when there is none. InvalidArgument when it is not such a list.
  [[nodiscard]] Result<std::set<std::string>> load();
  [[nodiscard]] Result<void> add(const std::string& name);
  [[nodiscard]] Result<void> remove(const std::string& name);

 private:
  [[nodiscard]] Result<void> save();

  std::filesystem::path file_;
  std::mutex mutex_;  // for names_ and the writing of the file
  std::set<std::string> names_;
};

}  // namespace aion::serving
