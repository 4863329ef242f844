// Brings model versions into service and takes them out again.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/executor.h"
#include "base/keyed_mutex.h"
#include "base/log.h"
#include "base/serial.h"
#include "base/task.h"
#include "catalog/repository/repository.h"
#include "resource/ledger.h"
#include "runtime/backends.h"
#include "serving/dispatcher.h"
#include "serving/model_table.h"

namespace aion::serving {

/// Counts the loaded versions that still exist and the loads and unloads under way, and tells when
/// the last has gone.
///
/// Thread safety: all methods may be called from any thread.
class Population : public std::enable_shared_from_this<Population> {
 public:
  /// A version: made, held by nobody any more, given back.
  void born();
  void let_go();
  void died();

  /// A load or unload, counted until it is destroyed.
  class Change {
   public:
    explicit Change(std::shared_ptr<Population> population);
    ~Change();
    Change(Change&& other) noexcept = default;
    Change& operator=(Change&&) = delete;

   private:
    std::shared_ptr<Population> population_;
  };

  /// Ends on `executor` when none exists, or at the deadline: then false.
  [[nodiscard]] Awaitable<bool> extinct(Clock& clock, TimePoint deadline, Executor executor);

  /// Whether somebody holds a version: the table of models, or a request.
  [[nodiscard]] bool is_in_use() const { return held_.load(std::memory_order_acquire) > 0; }

 private:
  struct Waiting;
  void leave();

  Serial serial_;
  std::atomic<std::int64_t> alive_ = 0;  // versions and changes
  std::atomic<std::int64_t> held_ = 0;   // versions
  std::shared_ptr<Waiting> waiting_;
};

/// Loads happen on the blocking executor, several models at once, one load or unload at a time per
/// model. Each is counted in the population, so that the loader is not destroyed under it.
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
    std::shared_ptr<ResponseCache> cache = nullptr;  // null = no answers are kept
  };
  Loader(Parts parts, std::size_t max_queue);

  /// Loads what the repository holds under this name, or what `given` says, beside what serves now,
  /// then swaps. A version that has not changed is left alone; one that does not load leaves the
  /// old one in service.
  [[nodiscard]] Task<void> load(std::string name, std::optional<catalog::Override> given = {});
  [[nodiscard]] Task<void> unload(std::string name);

  /// Takes everything out of service. From now on nothing comes into the table: loads that begin
  /// fail with Unavailable, those under way end with their next step and let go of what they have.
  void close();

  [[nodiscard]] Population& population() { return *population_; }

 private:
  [[nodiscard]] Task<std::shared_ptr<LoadedVersion>> open(catalog::ModelVersion version);
  [[nodiscard]] Awaitable<std::string> load_versions(catalog::Model model);
  [[nodiscard]] std::shared_ptr<LoadedVersion> make_shared_version(
      std::unique_ptr<LoadedVersion> version);
  [[nodiscard]] bool is_in_service(const catalog::ModelVersion& version) const;
  void hurry(const std::shared_ptr<LoadedVersion>& gone);
  void note(const catalog::ModelVersion& version, const Error* failure, TimePoint begin);
  void edit_unless_closed(const std::function<void(Models&)>& change);

  Parts parts_;
  std::size_t max_queue_;
  KeyedMutex loading_;
  std::atomic<bool> is_closed_ = false;
  std::shared_ptr<Population> population_ = std::make_shared<Population>();
};

}  // namespace aion::serving
