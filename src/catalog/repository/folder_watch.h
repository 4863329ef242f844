// Tells which models of a folder repository have changed, by inotify.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/result.h"

namespace aion::catalog {

/// Watches the roots and all folders below them, at most 8 deep and 50,000 in all. A model is told
/// once nothing of it has changed for a quarter of a second, so that a copy under way is not read
/// halfway; whoever is told reads the model anew, so one call too many does no harm.
class FolderWatch {
 public:
  /// Called on an io thread, which it may not block.
  using Changed = std::function<void(std::string model)>;

  /// Unavailable with the system's reason when the folders cannot be watched. `executors` outlive
  /// the watch.
  [[nodiscard]] static Result<std::unique_ptr<FolderWatch>> start(
      std::vector<std::filesystem::path> roots, Executors& executors, Changed changed);
  /// Waits until `changed` is not called any more. Not on an io thread.
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

 private:
  class Watcher;
  FolderWatch(Executors& executors, std::shared_ptr<Watcher> watcher);

  Executors& executors_;
  std::shared_ptr<Watcher> watcher_;
};

}  // namespace aion::catalog
