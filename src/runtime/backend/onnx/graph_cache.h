// Keeps graphs that ONNX Runtime has optimised on disk, so that a second load of a model need not
// do it again.
#pragma once

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/log.h"
#include "base/result.h"
#include "runtime/backend/onnx/memory_file.h"

namespace aion::runtime::onnx {

/// A folder of entries, one a file, named after the digest of all that decides how a graph is
/// optimised. Several processes may use it at once. The folder must belong to the user alone: what
/// lies in it is run.
///
/// Nothing here ever fails a load: an entry that cannot be written is not there the next time,
/// which is logged once; one that is damaged is dropped.
///
/// Thread safety: all methods may be called from any thread.
class GraphCache {
 public:
  /// A graph out of the cache.
  class Entry {
   public:
    Entry(Pages file, std::size_t bytes) : file_(std::move(file)), bytes_(bytes) {}
    [[nodiscard]] std::string_view graph() const { return file_.text().substr(0, bytes_); }

   private:
    Pages file_;
    std::size_t bytes_;
  };

  /// folder  made at the first entry; empty = nothing is kept
  /// limit   of all entries together; the ones that were not used for the longest time go first
  /// log     may be null; outlives the cache
  GraphCache(std::filesystem::path folder, Bytes limit, const Log* log)
      : folder_(std::move(folder)), limit_(limit), log_(log) {}

  [[nodiscard]] bool is_on() const { return !folder_.empty() && limit_.count > 0; }
  /// Whether a model file of this size may have an entry.
  [[nodiscard]] bool takes(Bytes model) const;

  /// The name of the entry for the model file: a digest of its content, of the machine's CPU, and
  /// of `maker`, in which the caller says what else matters. Nothing for a model that has no entry:
  /// one that is small, because its graph is optimised sooner than it is found; one that is very
  /// large; one with weights in other files, because the content does not tell when those change;
  /// one that cannot be read.
  [[nodiscard]] std::optional<std::string> key_of(const std::filesystem::path& model,
                                                  std::string_view maker) const;

  /// The graph, whole as it was kept, and marked as used now.
  [[nodiscard]] std::optional<Entry> find(const std::string& key);

  /// Writes an entry in the place of an older one, in one step.
  void keep(const std::string& key, std::string_view graph);

  /// Removes an entry that turned out to be of no use.
  void drop(const std::string& key, std::string_view reason);

 private:
  [[nodiscard]] std::filesystem::path place_of(const std::string& key) const;
  [[nodiscard]] Result<void> write(const std::string& key, std::string_view graph);
  [[nodiscard]] Result<void> make_room(std::uint64_t bytes);

  std::filesystem::path folder_;
  Bytes limit_;
  const Log* log_;
  std::mutex mutex_;           // one writer of this process at a time
  std::uint64_t written_ = 0;  // for names; guarded by mutex_
  std::atomic<bool> has_complained_ = false;
};

}  // namespace aion::runtime::onnx
