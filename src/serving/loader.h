// Brings model versions into service and takes them out again.
#pragma once

#include <memory>
#include <string>

#include "base/executor.h"
#include "base/keyed_mutex.h"
#include "base/log.h"
#include "base/task.h"
#include "catalog/repository/repository.h"
#include "resource/ledger.h"
#include "runtime/backends.h"
#include "serving/dispatcher.h"
#include "serving/model_table.h"

namespace aion::serving {

/// Counts the loaded versions that still exist, and tells when the last has gone.
class Population : public std::enable_shared_from_this<Population> {
 public:
  void born();
  void died();
  /// Ends when none exists, or at the deadline: then false.
  [[nodiscard]] Awaitable<bool> extinct(Clock& clock, TimePoint deadline, Executor executor);

 private:
  struct Waiting;
  Serial serial_;
  std::atomic<std::int64_t> alive_ = 0;
  std::shared_ptr<Waiting> waiting_;
};

/// Loads happen on the blocking executor, several models at once, one load or unload at a time per
/// model.
///
/// Thread safety: all methods may be called from any thread.
class Loader {
 public:
  struct Parts {  // all outlive the loader
    Executors& executors;
    catalog::Repository& repository;
    runtime::Backends& backends;
    resource::Ledger& ledger;
    Dispatcher& dispatcher;
    ModelTable& table;
    const Log& log;
  };
  Loader(Parts parts, std::size_t max_queue);

  /// Loads what the repository holds under this name beside what serves now, then swaps. A version
  /// that does not load leaves the old one in service.
  [[nodiscard]] Task<void> load(std::string name);
  [[nodiscard]] Task<void> unload(std::string name);

  [[nodiscard]] Population& population() { return *population_; }

 private:
  [[nodiscard]] Task<std::shared_ptr<LoadedVersion>> open(catalog::ModelVersion version);
  [[nodiscard]] Awaitable<std::string> load_versions(catalog::Model model);
  [[nodiscard]] std::shared_ptr<LoadedVersion> make_shared_version(
      std::unique_ptr<LoadedVersion> version);

  Parts parts_;
  std::size_t max_queue_;
  KeyedMutex loading_;
  std::shared_ptr<Population> population_ = std::make_shared<Population>();
};

}  // namespace aion::serving
