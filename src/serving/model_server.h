// The life of served models: load, answer, unload, and what is known about each.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/executor.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/task.h"
#include "catalog/repository/repository.h"
#include "resource/ledger.h"
#include "runtime/backends.h"
#include "sched/policy/order.h"
#include "serving/evictions.h"
#include "serving/inference.h"
#include "serving/model_table.h"
#include "serving/statistics.h"

namespace aion::serving {

/// What is loaded at start, and what changes that later.
enum class ControlMode : std::uint8_t {
  None,      // everything at start
  Poll,      // the same, then what changes in the repository: see refresh()
  Explicit,  // what is named at start, then what clients load and unload
  Demand,    // what is named at start, then whatever somebody asks for
  Remember   // the same, and what clients had loaded when the server ended
};

struct Config {
  std::chrono::microseconds inline_below{
      50};  // a model measured under this at batch 1 may run on the io thread; under 20 times this,
            // for a request that nobody else stands beside
  std::size_t max_queue = 4096;  // requests waiting per model; beyond that 503 at once
  sched::Order order = sched::aging_shortest;  // of the models' queues; a tick is a microsecond
  bool honours_deadlines = true;               // see Dispatcher::Device
  std::size_t safety_slots = 0;                // of the device, that only safety requests get
  Bytes cache = Bytes::mebi(64);               // of kept answers of models that allow it; 0 = none
  ControlMode control = ControlMode::None;
  std::vector<std::string> load_at_start;         // Explicit, Remember: names; "*" = all
  std::filesystem::path remembered;               // Remember: the file that holds the names
  EvictionScore eviction = gdsf_score;            // which idle model goes when memory is wanted
  Duration load_wait = std::chrono::seconds(30);  // a request for a model that is being loaded
  std::filesystem::path measured;  // the file of measured bytes; empty = they are forgotten
};

/// One row of the repository index.
struct IndexRow {
  std::string name;
  std::int64_t version = 0;  // 0 = the model has never been loaded
  VersionState state = VersionState::Unavailable;
  std::string reason;  // why it is not ready; "unloaded" after an unload; empty when ready
};

/// How a model stands with memory.
struct ModelMemory {
  std::string name;
  bool is_resident = false;
  bool is_on_demand = false;  // the first request brings it into memory
  bool is_pinned = false;     // never evicted
  Bytes bytes;                // granted to it now
  std::uint64_t loads = 0;
  std::uint64_t evictions = 0;
  Duration load_time{0};  // of all loads together
  Duration reload{0};     // what a load is believed to take; 0 = it has never been loaded
};

struct ModelMetadata {
  std::string name;
  std::vector<std::int64_t> versions;  // ready ones, ascending; just the asked one if one was asked
  std::string platform;
  catalog::Signature signature;
  bool is_decoupled = false;
};

struct VersionStatistics {
  std::string name;
  std::int64_t version = 0;
  StatisticsSnapshot statistics;
};

/// One version that is in service or was meant to be, and how busy it is.
struct VersionActivity {
  std::string name;
  std::int64_t version = 0;
  VersionState state = VersionState::Unavailable;
  std::string reason;       // why it is not ready
  std::string holder;       // of its leases in the ledger
  std::size_t waiting = 0;  // requests in its queue
  StatisticsSnapshot statistics;
};

/// Serves models. Errors carry the texts that Triton's clients compare
/// ("Request for unknown model: 'N' is not found").
///
/// Thread safety: all methods may be called from any thread.
class ModelServer {
 public:
  struct Parts {  // all outlive the server
    Executors& executors;
    catalog::Repository& repository;
    runtime::Backends& backends;
    resource::Ledger& ledger;
    Metrics& metrics;
    const Log& log;
  };
  ModelServer(Parts parts, Config config);
  ~ModelServer();
  ModelServer(const ModelServer&) = delete;
  ModelServer& operator=(const ModelServer&) = delete;

  /// Loads what the repository holds (nothing in explicit mode). A model that fails is a row of the
  /// index. Cut short by stop(): what has not begun to load does not begin.
  [[nodiscard]] Task<void> start();
  /// Ready turns false and new requests are refused; those under way go on.
  void drain();
  /// Drains, waits until the requests and loads under way have ended, and unloads all; what a load
  /// brings meanwhile is let go. DeadlineExceeded when requests still run after `limit`; whoever
  /// carries them (a connection) must have been told to cancel them before. Cancelled when only
  /// loads still run.
  [[nodiscard]] Task<void> stop(std::chrono::milliseconds limit);

  [[nodiscard]] bool is_live() const;
  [[nodiscard]] bool is_ready() const;

  /// Loads or reloads; ends when every wanted version is ready or has failed. InternalError with
  /// Triton's text and the reason behind it when none came up.
  /// What has not changed is not loaded again. `given` stands in the place of the repository's
  /// configuration, or of all its files, until the next load.
  [[nodiscard]] Task<void> load(std::string name, std::optional<catalog::Override> given = {});
  /// Takes the model out of service; requests under way finish. An unknown name is no error.
  /// Unavailable, as for load(), where the repository alone says what is loaded (Poll).
  [[nodiscard]] Task<void> unload(std::string name);
  /// Brings the model to what the repository holds now: loads it if it has changed, unloads it if
  /// it is gone.
  [[nodiscard]] Task<void> refresh(std::string name);
  [[nodiscard]] Task<std::vector<IndexRow>> index(bool only_ready) const;

  /// Every model that has been loaded, or loads on demand, by name.
  [[nodiscard]] std::vector<ModelMemory> memory() const;
  /// A pinned model is never evicted. NotFound for one that memory() does not list.
  [[nodiscard]] Result<void> set_pinned(std::string_view model, bool is_pinned);

  /// Whether a load must tell the version's signature before a request can be read.
  [[nodiscard]] bool must_load_first(std::string_view model, std::int64_t version) const;
  /// Brings a model that loads on demand into memory. Unavailable with the time after which to try
  /// again when it cannot be there by the context's deadline; NotFound when it does not load on
  /// demand. It may be evicted again at any time: infer() brings it back.
  [[nodiscard]] Task<void> bring(RequestContext context, std::string model, std::int64_t version);

  /// version 0 = by policy. NotFound, or Unavailable when it is not ready. Of a model that loads on
  /// demand what its last load has told.
  [[nodiscard]] Result<ModelMetadata> metadata(std::string_view model, std::int64_t version) const;
  /// The version that would answer now, without copying what is known of it; version 0 = the
  /// highest that is ready.
  [[nodiscard]] Result<std::shared_ptr<const catalog::ModelVersion>> find(
      std::string_view model, std::int64_t version) const;
  /// Whether a request would be answered; of a model that loads on demand, after its load.
  [[nodiscard]] bool is_model_ready(std::string_view model, std::int64_t version) const;
  /// An empty name = all models. NotFound for an unknown one.
  [[nodiscard]] Result<std::vector<VersionStatistics>> statistics(std::string_view model,
                                                                  std::int64_t version) const;

  /// All versions that the server knows of now, by name and number.
  [[nodiscard]] std::vector<VersionActivity> activity() const;

  /// Answers one request: sends none, one or many responses, then ends. Runs on the caller's thread
  /// when the model is fast and idle, else on the compute executor; comes back on whichever it
  /// ended on: hop with on() where the thread matters. The sink must outlive the await.
  [[nodiscard]] Task<void> infer(RequestContext context, InferRequest request, InferSink& sink);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace aion::serving
