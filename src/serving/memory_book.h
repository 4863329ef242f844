// What loaded versions turned out to hold, kept over a restart.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "catalog/model/model.h"

namespace aion::serving {

/// A JSON file of measured bytes, by a digest of the version's files as the repository tells them
/// apart and of all that is configured of it.
///
/// Thread safety: all methods may be called from any thread. They may block.
class MemoryBook {
 public:
  /// `file` empty = nothing is kept over a restart. What cannot be read is as if it were not there.
  explicit MemoryBook(std::filesystem::path file);

  /// What a load of it has been measured to take; nothing when none has.
  [[nodiscard]] std::optional<Bytes> find(const catalog::ModelVersion& version) const;

  /// The largest of all measurements stays. FailedPrecondition when the file cannot be written.
  [[nodiscard]] Result<void> keep(const catalog::ModelVersion& version, Bytes measured);

 private:
  [[nodiscard]] static std::string key_of(const catalog::ModelVersion& version);

  std::filesystem::path file_;
  mutable std::mutex mutex_;  // for the map and the writing of the file
  std::map<std::string, std::uint64_t> bytes_;
};

}  // namespace aion::serving
