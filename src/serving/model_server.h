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
#include "serving/inference.h"
#include "serving/model_table.h"
#include "serving/statistics.h"

namespace aion::serving {

/// What is loaded at start, and what changes that later.
enum class ControlMode : std::uint8_t {
  None,      // everything at start
  Poll,      // the same, then what changes in the repository: see refresh()
  Explicit,  // what is named at start, then what clients load and unload
  Remember   // the same, and what clients had loaded when the server ended
};

struct Config {
  std::chrono::microseconds inline_below{
      50};                       // a model measured under this at batch 1 may run on the io thread
  std::size_t max_queue = 4096;  // requests waiting per model; beyond that 503 at once
  sched::Order order = sched::aging_shortest;  // of the models' queues; a tick is a microsecond
  Bytes cache = Bytes::mebi(64);               // of kept answers of models that allow it; 0 = none
  ControlMode control = ControlMode::None;
  std::vector<std::string> load_at_start;  // Explicit, Remember: names; "*" = all
  std::filesystem::path remembered;        // Remember: the file that holds the names
};

/// One row of the repository index.
struct IndexRow {
  std::string name;
  std::int64_t version = 0;  // 0 = the model has never been loaded
  VersionState state = VersionState::Unavailable;
  std::string reason;  // why it is not ready; "unloaded" after an unload; empty when ready
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

  /// version 0 = by policy. NotFound, or Unavailable when it is not ready.
  [[nodiscard]] Result<ModelMetadata> metadata(std::string_view model, std::int64_t version) const;
  /// The version that would answer now, without copying what is known of it; version 0 = the
  /// highest that is ready.
  [[nodiscard]] Result<std::shared_ptr<const catalog::ModelVersion>> find(
      std::string_view model, std::int64_t version) const;
  [[nodiscard]] bool is_model_ready(std::string_view model, std::int64_t version) const;
  /// An empty name = all models. NotFound for an unknown one.
  [[nodiscard]] Result<std::vector<VersionStatistics>> statistics(std::string_view model,
                                                                  std::int64_t version) const;

  /// Answers one request: sends none, one or many responses, then ends. Runs on the caller's thread
  /// when the model is fast and idle, else on the compute executor; comes back on whichever it
  /// ended on: hop with on() where the thread matters. The sink must outlive the await.
  [[nodiscard]] Task<void> infer(RequestContext context, InferRequest request, InferSink& sink);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace aion::serving
