// Brings model versions into service and takes them out again.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "base/keyed_mutex.h"
#include "base/log.h"
#include "base/task.h"
#include "catalog/repository/repository.h"
#include "resource/ledger.h"
#include "runtime/backends.h"
#include "serving/admission.h"
#include "serving/dispatcher.h"
#include "serving/memory_book.h"
#include "serving/memory_meter.h"
#include "serving/model_table.h"
#include "serving/population.h"

namespace aion::serving {

/// Who a version is in the ledger: "model 'resnet' version 3".
[[nodiscard]] std::string holder_of(const std::string& model, std::int64_t version);

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
  /// How memory is given and taken.
  struct MemoryRules {
    Admission::Rules admission = {};
    std::filesystem::path measured = {};  // the file of measured bytes; empty = none is kept
    std::function<bool()> is_idle = {};   // whether no request runs; empty = never one
    // Called when a model has been evicted, on the thread that does it.
    std::function<void(const std::string&, const std::shared_ptr<ModelUse>&)> evicted = {};
  };
  Loader(Parts parts, std::size_t max_queue) : Loader(parts, max_queue, MemoryRules()) {}
  Loader(Parts parts, std::size_t max_queue, MemoryRules rules);

  /// Loads what the repository holds under this name, or what `given` says, beside what serves now,
  /// then swaps. A version that has not changed is left alone; one that does not load leaves the
  /// old one in service. With Room::Free a version for which nothing is free is parked, which is no
  /// failure.
  [[nodiscard]] Task<void> load(std::string name,
                                std::optional<catalog::Override> given = {},
                                Room room = Room::Evict);
  /// Brings a parked model back as it was; one that is in memory is left alone. A name that the
  /// table does not hold is loaded, if `may_be_new`. FailedPrecondition when it is not parked.
  [[nodiscard]] Task<void> revive(std::string name, bool may_be_new);
  /// Not loaded, but for the first request. What serves is left alone.
  [[nodiscard]] Task<void> park(catalog::Model model);
  /// By hand: it is not loaded on demand any more.
  [[nodiscard]] Task<void> unload(std::string name);

  /// Takes everything out of service. From now on nothing comes into the table: loads that begin
  /// fail with Unavailable, those under way end with their next step and let go of what they have.
  void close();

  [[nodiscard]] Population& population() { return *population_; }
  [[nodiscard]] const std::shared_ptr<Population>& shared_population() { return population_; }

  [[nodiscard]] const std::shared_ptr<UseSignals>& signals() const { return admission_.signals(); }

  /// How the model is used; made when nobody has asked before.
  [[nodiscard]] std::shared_ptr<ModelUse> use_of(const std::string& name);

 private:
  /// One version that is to come into the table.
  struct Opening {
    Opening(catalog::ModelVersion wanted, std::shared_ptr<Statistics> kept, Room from)
        : version(std::move(wanted)), counted(std::move(kept)), room(from) {}

    catalog::ModelVersion version;
    std::shared_ptr<Statistics> counted;  // null = begins anew
    Room room = Room::Evict;
  };
  using OpeningPointer = std::shared_ptr<const Opening>;
  [[nodiscard]] Task<std::shared_ptr<LoadedVersion>> open(OpeningPointer opening);
  [[nodiscard]] std::vector<resource::Claim> claims_of(const catalog::ModelVersion& version,
                                                       const runtime::Estimate& needed) const;
  [[nodiscard]] std::unique_ptr<LoadedVersion> complete(const Opening& opening,
                                                        catalog::ModelVersion version,
                                                        std::unique_ptr<runtime::Instance> instance,
                                                        const runtime::Estimate& needed);
  [[nodiscard]] Awaitable<std::string> load_versions(catalog::Model model, Room room);
  [[nodiscard]] Awaitable<std::string> bring_up(OpeningPointer opening);
  [[nodiscard]] Awaitable<std::string> bring_back(std::vector<OpeningPointer> versions);
  [[nodiscard]] Result<runtime::Estimate> estimate(const runtime::Backend& backend,
                                                   const catalog::ModelVersion& version) const;
  void correct(LoadedVersion& loaded,
               const runtime::Estimate& estimate,
               const std::optional<Bytes>& added);
  [[nodiscard]] std::vector<std::uint64_t> evict(const std::string& name);
  void note_load_time(const std::string& name);
  void remove_unwanted(const catalog::Model& model);
  [[nodiscard]] std::shared_ptr<LoadedVersion> make_shared_version(
      std::unique_ptr<LoadedVersion> version);
  [[nodiscard]] bool is_in_service(const catalog::ModelVersion& version) const;
  void hurry(const std::shared_ptr<LoadedVersion>& gone);
  void note(const catalog::ModelVersion& version, const Error* failure, TimePoint begin);
  void edit_unless_closed(const std::function<void(Models&)>& change);

  Parts parts_;
  std::size_t max_queue_;
  MemoryRules rules_;
  Admission admission_;
  MemoryBook measured_;
  MemoryMeter meter_;
  KeyedMutex loading_;
  std::atomic<bool> is_closed_ = false;
  std::shared_ptr<Population> population_ = std::make_shared<Population>();
};

}  // namespace aion::serving
