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

/// A version that is not in memory and comes back for the first request.
struct ParkedVersion {
  catalog::ModelVersion source;                        // as the repository gave it
  std::shared_ptr<const catalog::ModelVersion> known;  // completed by a load; null = never loaded
  std::shared_ptr<Statistics> counted;                 // null = never loaded
};

/// One version of a model: in service, or why it is not.
struct VersionEntry {
  VersionState state = VersionState::Loading;
  std::string reason;                                     // empty when ready
  std::shared_ptr<LoadedVersion> loaded;                  // null unless ready
  std::shared_ptr<const ParkedVersion> parked = nullptr;  // null unless it loads on demand
};

/// The entry of a version that waits for its first request.
[[nodiscard]] VersionEntry never_loaded(catalog::ModelVersion source);

struct ModelEntry {
  std::map<std::int64_t, VersionEntry> versions;
  std::shared_ptr<ModelUse> use;  // null = has never been loaded nor parked
  std::string reason;             // why there are no versions at all, e.g. a broken configuration
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

  /// The version that a request for this one brings into memory; null when there is none, or one
  /// is ready.
  [[nodiscard]] std::shared_ptr<const ParkedVersion> find_parked(std::string_view model,
                                                                 std::int64_t version) const;

  /// How the model is used; null for one that has never been loaded nor parked.
  [[nodiscard]] std::shared_ptr<ModelUse> use_of(std::string_view model) const;

  /// Whether somebody has put the model away to be loaded on demand.
  [[nodiscard]] bool is_parked(std::string_view model) const;

 private:
  std::atomic<std::shared_ptr<const Models>> models_ = std::make_shared<const Models>();
};

}  // namespace aion::serving
