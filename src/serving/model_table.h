// Which models are served now: an immutable snapshot, replaced as a whole.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "serving/loaded_version.h"

namespace aion::serving {

enum class VersionState : std::uint8_t { Loading, Ready, Unavailable, Unloading };

/// One version of a model: in service, or why it is not.
struct VersionEntry {
  VersionState state = VersionState::Loading;
  std::string reason;                     // empty when ready
  std::shared_ptr<LoadedVersion> loaded;  // null unless ready
};

struct ModelEntry {
  std::map<std::int64_t, VersionEntry> versions;
  std::string reason;  // why there are no versions at all, e.g. a broken configuration
};

using Models = std::map<std::string, ModelEntry, std::less<>>;

/// Thread safety: all methods may be called from any thread; readers never wait.
class ModelTable {
 public:
  [[nodiscard]] std::shared_ptr<const Models> snapshot() const {
    return models_.load(std::memory_order_acquire);
  }

  /// Replaces the snapshot by an edited copy; `change` may be called again if another edit came
  /// between.
  void edit(const std::function<void(Models&)>& change);

  /// The ready version (0 = the highest), or the Error that Triton's clients compare.
  [[nodiscard]] Result<std::shared_ptr<LoadedVersion>> find(std::string_view model,
                                                            std::int64_t version) const;

 private:
  std::atomic<std::shared_ptr<const Models>> models_ = std::make_shared<const Models>();
};

}  // namespace aion::serving
