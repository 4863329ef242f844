#include "serving/model_server.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/spawn.h"
#include "serving/dispatcher.h"
#include "serving/loader.h"
#include "serving/memory_keeper.h"
#include "serving/metrics_export.h"
#include "serving/remembered_names.h"
#include "serving/request_run.h"

namespace aion::serving {

struct ModelServer::State {
  State(Parts given, Config wanted)
      : parts(given),
        config(wanted),
        dispatcher(
            {given.executors.compute(), given.executors.io(0), given.executors.compute_count()},
            given.executors.clock(),
            wanted.order),
        loader({given.executors,
                given.repository,
                given.backends,
                given.ledger,
                dispatcher,
                *table,
                given.log,
                wanted.cache.count > 0 ? std::make_shared<ResponseCache>(wanted.cache) : nullptr},
               wanted.max_queue),
        runner({dispatcher, given.executors.clock(), wanted.inline_below}) {
    if (wanted.control == ControlMode::Remember) {
      remembered.emplace(wanted.remembered);
    }
  }

  [[nodiscard]] Result<std::set<std::string>> names_at_start();
  [[nodiscard]] Result<void> check_control() const;

  Parts parts;
  Config config;
  std::optional<RememberedNames> remembered;
  std::shared_ptr<ModelTable> table = std::make_shared<ModelTable>();
  Dispatcher dispatcher;
  Loader loader;
  RequestRunner runner;
  MemoryKeeper memory_keeper{parts.executors.clock(), parts.executors.blocking(), *table, [this] {
                               return runner.is_idle();
                             }};
  std::atomic<bool> is_started = false;
  std::atomic<bool> is_stopping = false;
};

ModelServer::ModelServer(Parts parts, Config config)
    : state_(std::make_unique<State>(parts, config)) {
  export_metrics(parts.metrics, state_->table);
}

ModelServer::~ModelServer() = default;

namespace {

Awaitable<void> load_one(Loader& loader, std::string name) {
  // Why it failed is in the index and in the log; one bad model must not stop the others.
  [[maybe_unused]] const auto loaded = co_await loader.load(std::move(name));
}

}  // namespace

/// The names to be loaded when the server starts.
Result<std::set<std::string>> ModelServer::State::names_at_start() {
  std::set<std::string> names(config.load_at_start.begin(), config.load_at_start.end());
  const bool is_named =
      config.control == ControlMode::Explicit || config.control == ControlMode::Remember;
  if (!is_named || names.erase("*") > 0) {
    AION_TRY(const auto findings, parts.repository.scan());
    for (const catalog::Finding& finding : findings) {
      names.insert(finding.name);
    }
  }
  if (remembered) {
    AION_TRY(const auto kept, remembered->load());
    names.insert(kept.begin(), kept.end());
  }
  return names;
}

Task<void> ModelServer::start() {
  co_await on(state_->parts.executors.blocking());
  AION_CO_TRY(const auto names, state_->names_at_start());
  std::vector<Awaitable<void>> loads;
  loads.reserve(names.size());
  for (const std::string& name : names) {
    loads.push_back(load_one(state_->loader, name));
  }
  co_await all(state_->parts.executors.blocking(), std::move(loads));
  if (state_->is_stopping) {
    co_return Error{Code::Unavailable, "Server not ready"};
  }
  state_->is_started = true;
  co_return Result<void>{};
}

Task<void> ModelServer::stop(std::chrono::milliseconds limit) {
  state_->is_stopping = true;
  const TimePoint deadline = state_->parts.executors.clock().now() + limit;
  state_->loader.close();
  Population& population = state_->loader.population();
  // Not on the blocking executor: all its threads may be loading.
  const bool is_empty = co_await population.extinct(
      state_->parts.executors.clock(), deadline, state_->parts.executors.io());
  if (is_empty) {
    co_return Result<void>{};
  }
  const std::string when = " " + std::to_string(limit.count()) + " ms after the stop began";
  if (population.is_in_use()) {
    co_return Error{Code::DeadlineExceeded, "requests were still running" + when};
  }
  co_return Error{Code::Cancelled, "a model was still being loaded or unloaded" + when};
}

void ModelServer::drain() {
  state_->is_stopping = true;
}

bool ModelServer::is_live() const {
  return true;
}

bool ModelServer::is_ready() const {
  return state_->is_started && !state_->is_stopping;
}

Result<void> ModelServer::State::check_control() const {
  if (is_stopping) {
    return Error{Code::Unavailable, "Server not ready"};
  }
  if (config.control == ControlMode::Poll) {
    return Error{Code::Unavailable,
                 "explicit model load / unload is not allowed if polling is enabled"};
  }
  return {};
}

Task<void> ModelServer::load(std::string name, std::optional<catalog::Override> given) {
  AION_CO_TRY_VOID(state_->check_control());
  AION_CO_TRY_VOID(co_await state_->loader.load(name, std::move(given)));
  co_return state_->remembered ? state_->remembered->add(name) : Result<void>();
}

Task<void> ModelServer::unload(std::string name) {
  AION_CO_TRY_VOID(state_->check_control());
  if (state_->remembered) {
    co_await on(state_->parts.executors.blocking());
    AION_CO_TRY_VOID(state_->remembered->remove(name));
  }
  co_return co_await state_->loader.unload(std::move(name));
}

Task<void> ModelServer::refresh(std::string name) {
  co_await on(state_->parts.executors.blocking());
  const auto found = state_->parts.repository.find(name);
  if (!found && found.error().code == Code::NotFound) {
    co_return co_await state_->loader.unload(std::move(name));
  }
  co_return co_await state_->loader.load(std::move(name));
}

Task<std::vector<IndexRow>> ModelServer::index(bool only_ready) const {
  co_await on(state_->parts.executors.blocking());
  AION_CO_TRY(const auto findings, state_->parts.repository.scan());
  const auto models = state_->table->snapshot();
  std::vector<IndexRow> rows;
  for (const auto& [name, entry] : *models) {
    for (const auto& [number, version] : entry.versions) {
      rows.push_back({name, number, version.state, version.reason});
    }
    if (entry.versions.empty()) {
      rows.push_back({name, 0, VersionState::Unavailable, entry.reason});
    }
  }
  for (const catalog::Finding& finding : findings) {
    if (!models->contains(finding.name)) {
      rows.push_back({finding.name,
                      0,
                      VersionState::Unavailable,
                      finding.model ? "" : finding.model.error().message});
    }
  }
  if (only_ready) {
    std::erase_if(rows, [](const IndexRow& row) { return row.state != VersionState::Ready; });
  }
  std::sort(rows.begin(), rows.end(), [](const IndexRow& a, const IndexRow& b) {
    return std::tie(a.name, a.version) < std::tie(b.name, b.version);
  });
  co_return rows;
}

Result<ModelMetadata> ModelServer::metadata(std::string_view model, std::int64_t version) const {
  AION_TRY(const auto loaded, state_->table->find(model, version));
  ModelMetadata metadata{loaded->version.name,
                         {},
                         loaded->version.platform,
                         loaded->version.signature,
                         loaded->version.is_decoupled};
  const auto models = state_->table->snapshot();
  if (version != 0) {
    metadata.versions = {version};
  } else if (const auto entry = models->find(model); entry != models->end()) {
    for (const auto& [number, one] : entry->second.versions) {
      if (one.state == VersionState::Ready) {
        metadata.versions.push_back(number);
      }
    }
  }
  return metadata;
}

Result<std::shared_ptr<const catalog::ModelVersion>> ModelServer::find(std::string_view model,
                                                                       std::int64_t version) const {
  if (state_->is_stopping) {
    return Error{Code::Unavailable, "Server not ready"};
  }
  AION_TRY(auto loaded, state_->table->find(model, version));
  const catalog::ModelVersion* const found = &loaded->version;
  return std::shared_ptr<const catalog::ModelVersion>(std::move(loaded), found);
}

bool ModelServer::is_model_ready(std::string_view model, std::int64_t version) const {
  return is_ready() && state_->table->find(model, version).has_value();
}

Result<std::vector<VersionStatistics>> ModelServer::statistics(std::string_view model,
                                                               std::int64_t version) const {
  const auto models = state_->table->snapshot();
  std::vector<VersionStatistics> all;
  bool is_known = model.empty();
  for (const auto& [name, entry] : *models) {
    if (!model.empty() && name != model) {
      continue;
    }
    for (const auto& [number, one] : entry.versions) {
      if (!one.loaded) {
        continue;
      }
      is_known = true;
      if (version == 0 || number == version) {
        all.push_back({name, number, one.loaded->statistics.snapshot()});
      }
    }
  }
  if (!is_known) {
    return Error{Code::InvalidArgument,
                 "requested model '" + std::string(model) + "' is not available"};
  }
  if (all.empty() && version != 0) {
    return Error{Code::InvalidArgument,
                 "requested model version is not available for model '" + std::string(model) + "'"};
  }
  return all;
}

Task<void> ModelServer::infer(RequestContext context, InferRequest request, InferSink& sink) {
  if (state_->is_stopping) {
    co_return Error{Code::Unavailable, "Server not ready"};
  }
  AION_CO_TRY(auto loaded, state_->table->find(request.model, request.version));
  co_return co_await state_->runner.run(
      std::move(loaded), std::move(context), std::move(request), sink);
}

}  // namespace aion::serving
