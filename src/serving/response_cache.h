// Answers that were given before, for models that say that the same question has the same answer.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/bytes.h"
#include "runtime/backend/backend.h"

namespace aion::serving {

/// One for all models. Beyond its limit the answer goes that nobody has asked for longest.
///
/// Thread safety: all methods may be called from any thread.
class ResponseCache {
 public:
  /// `limit`: of keys and outputs together; 0 = nothing is kept.
  explicit ResponseCache(Bytes limit) : limit_(limit.count) {}

  /// The answers of one loaded version; those of an earlier load are never found.
  [[nodiscard]] std::uint64_t new_owner() {
    return owners_.fetch_add(1, std::memory_order_relaxed);
  }

  /// The digest of the owner and of all that the answer depends on: inputs, wanted outputs, custom
  /// parameters. Reads every byte of the inputs.
  [[nodiscard]] static std::string key_of(std::uint64_t owner, const runtime::Batch& batch);

  /// Outputs share the cache's memory.
  [[nodiscard]] std::optional<runtime::Response> find(const std::string& key);
  /// Keeps a copy.
  void keep(const std::string& key, const runtime::Response& response);

  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Entry {
    std::string key;
    runtime::Response response;
    std::size_t bytes = 0;
  };
  using Entries = std::list<Entry>;  // the last used comes first

  const std::size_t limit_;
  std::atomic<std::uint64_t> owners_ = 0;
  mutable std::mutex mutex_;  // guards what follows
  Entries entries_;
  std::unordered_map<std::string, Entries::iterator> by_key_;
  std::size_t bytes_ = 0;
};

}  // namespace aion::serving
