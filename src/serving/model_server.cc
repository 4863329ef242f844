#include "serving/model_server.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/spawn.h"
#include "serving/demand.h"
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
        dispatcher({given.executors.compute(),
                    given.executors.io(0),
                    given.executors.compute_count(),
                    std::min(wanted.safety_slots, given.executors.compute_count() - 1),
                    wanted.honours_deadlines},
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
               wanted.max_queue,
               memory_rules()),
        demand(given.executors,
               loader.shared_population(),
               {wanted.max_queue, wanted.load_wait},
               [this](std::string name) {
                 return loader.revive(std::move(name), config.control == ControlMode::Demand);
               }),
        runner({dispatcher, given.executors.clock(), wanted.inline_below}) {
    if (wanted.control == ControlMode::Remember) {
      remembered.emplace(wanted.remembered);
    }
  }

  [[nodiscard]] Loader::MemoryRules memory_rules();
  [[nodiscard]] Result<std::set<std::string>> names_at_start();
  [[nodiscard]] Task<void> park_all();
  [[nodiscard]] Task<void> infer_on_demand(RequestContext context,
                                           InferRequest request,
                                           InferSink& sink);
  [[nodiscard]] bool may_bring(std::string_view model, std::int64_t version) const;
  [[nodiscard]] Result<void> check_control() const;

  Parts parts;
  Config config;
  std::optional<RememberedNames> remembered;
  std::shared_ptr<ModelTable> table = std::make_shared<ModelTable>();
  Dispatcher dispatcher;
  Loader loader;
  Demand demand;
  RequestRunner runner;
  MemoryKeeper memory_keeper{parts.executors.clock(), parts.executors.blocking(), *table, [this] {
                               return runner.is_idle();
                             }};
  std::atomic<bool> is_started = false;
  std::atomic<bool> is_stopping = false;
};

Loader::MemoryRules ModelServer::State::memory_rules() {
  Loader::MemoryRules rules;
  rules.admission = {config.eviction, config.load_wait};
  rules.measured = config.measured;
  // Called by loads only, when all members are there.
  rules.is_idle = [this] {
    return runner.is_idle();
  };
  rules.evicted = [this](const std::string& model, const std::shared_ptr<ModelUse>& use) {
    demand.expect(model, use);
  };
  return rules;
}

ModelServer::ModelServer(Parts parts, Config config)
    : state_(std::make_unique<State>(parts, config)) {
  parts.ledger.when_freed([changed = state_->loader.signals()->changed] { changed->notify(); });
  export_metrics(parts.metrics, state_->table);
}

ModelServer::~ModelServer() = default;

namespace {

Awaitable<void> load_one(Loader& loader, std::string name) {
  // Why it failed is in the index and in the log; one bad model must not stop the others. Nothing
  // is evicted for it: what does not fit comes with its first request.
  [[maybe_unused]] const auto loaded =
      co_await loader.load(std::move(name), std::nullopt, Room::Free);
}

}  // namespace

/// The names to be loaded when the server starts.
Result<std::set<std::string>> ModelServer::State::names_at_start() {
  std::set<std::string> names(config.load_at_start.begin(), config.load_at_start.end());
  const bool is_named = config.control == ControlMode::Explicit ||
                        config.control == ControlMode::Demand ||
                        config.control == ControlMode::Remember;
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

/// Makes all models of the repository known, to be loaded by the first request.
Task<void> ModelServer::State::park_all() {
  AION_CO_TRY(const auto findings, parts.repository.scan());
  for (const catalog::Finding& finding : findings) {
    if (finding.model) {
      AION_CO_TRY_VOID(co_await loader.park(*finding.model));
    }
  }
  co_return Result<void>{};
}

Task<void> ModelServer::start() {
  co_await on(state_->parts.executors.blocking());
  AION_CO_TRY(const auto names, state_->names_at_start());
  if (state_->config.control == ControlMode::Demand) {
    AION_CO_TRY_VOID(co_await state_->park_all());
  }
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
  state_->demand.close();
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
  if (found && state_->table->is_parked(name)) {
    co_return co_await state_->loader.park(*found);  // the next request loads what is there now
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
  const auto parked = state_->table->find_parked(model, version);
  const bool is_known = parked && parked->known;
  std::shared_ptr<const catalog::ModelVersion> found = is_known ? parked->known : nullptr;
  if (!found) {
    AION_TRY(const auto loaded, state_->table->find(model, version));
    found = std::shared_ptr<const catalog::ModelVersion>(loaded, &loaded->version);
  }
  ModelMetadata metadata{found->name, {}, found->platform, found->signature, found->is_decoupled};
  const auto models = state_->table->snapshot();
  if (version != 0) {
    metadata.versions = {version};
  } else if (const auto entry = models->find(model); entry != models->end()) {
    for (const auto& [number, one] : entry->second.versions) {
      if (one.state == VersionState::Ready || one.parked) {
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
  auto loaded = state_->table->find(model, version);
  if (!loaded) {
    const auto parked = state_->table->find_parked(model, version);
    if (!parked) {
      return std::move(loaded).error();
    }
    return parked->known ? parked->known
                         : std::shared_ptr<const catalog::ModelVersion>(parked, &parked->source);
  }
  const catalog::ModelVersion* const found = &(*loaded)->version;
  return std::shared_ptr<const catalog::ModelVersion>(*std::move(loaded), found);
}

bool ModelServer::is_model_ready(std::string_view model, std::int64_t version) const {
  return is_ready() && (state_->table->find(model, version).has_value() ||
                        state_->table->find_parked(model, version) != nullptr);
}

std::vector<ModelMemory> ModelServer::memory() const {
  std::vector<ModelMemory> all;
  const auto models = state_->table->snapshot();
  for (const auto& [name, entry] : *models) {
    if (!entry.use) {
      continue;
    }
    ModelMemory memory;
    memory.name = name;
    memory.is_pinned = entry.use->is_pinned();
    memory.loads = entry.use->loads();
    memory.evictions = entry.use->evictions();
    memory.load_time = entry.use->load_time();
    memory.reload = entry.use->reload();
    for (const auto& [number, version] : entry.versions) {
      memory.is_resident = memory.is_resident || version.loaded;
      memory.is_on_demand = memory.is_on_demand || version.parked;
      memory.bytes.count += version.loaded ? version.loaded->memory.load() : 0;
    }
    all.push_back(std::move(memory));
  }
  return all;
}

Result<void> ModelServer::set_pinned(std::string_view model, bool is_pinned) {
  const auto models = state_->table->snapshot();
  const auto entry = models->find(model);
  if (entry == models->end() || !entry->second.use) {
    return Error{Code::NotFound, "there is no model '" + std::string(model) + "'"};
  }
  entry->second.use->set_pinned(is_pinned);
  return {};
}

bool ModelServer::State::may_bring(std::string_view model, std::int64_t version) const {
  if (table->find_parked(model, version)) {
    return true;
  }
  const auto models = table->snapshot();
  return config.control == ControlMode::Demand && !models->contains(model);
}

bool ModelServer::must_load_first(std::string_view model, std::int64_t version) const {
  if (!state_->is_started || state_->table->find(model, version)) {
    return false;
  }
  const auto parked = state_->table->find_parked(model, version);
  return parked ? parked->known == nullptr : state_->may_bring(model, version);
}

Task<void> ModelServer::bring(RequestContext context, std::string model, std::int64_t version) {
  if (state_->is_stopping) {
    co_return Error{Code::Unavailable, "Server not ready"};
  }
  auto loaded = state_->table->find(model, version);
  if (loaded || !state_->may_bring(model, version)) {
    co_return loaded ? Result<void>() : Result<void>(std::move(loaded).error());
  }
  auto use = state_->table->use_of(model);
  auto brought =
      co_await state_->demand.bring(model, std::move(use), context.deadline, context.cancel);
  if (!brought && brought.error().code == Code::InvalidArgument) {
    co_return std::move(loaded).error();  // there is no such model after all
  }
  co_return brought;
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
      const Statistics* const counted = one.loaded   ? &one.loaded->statistics
                                        : one.parked ? one.parked->counted.get()
                                                     : nullptr;
      if (counted == nullptr) {
        continue;
      }
      is_known = true;
      if (version == 0 || number == version) {
        all.push_back({name, number, counted->snapshot()});
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

std::vector<VersionActivity> ModelServer::activity() const {
  std::vector<VersionActivity> all;
  for (const auto& [name, entry] : *state_->table->snapshot()) {
    for (const auto& [number, one] : entry.versions) {
      VersionActivity activity{
          name, number, one.state, one.reason, holder_of(name, number), 0, StatisticsSnapshot{}};
      if (one.loaded) {
        activity.waiting = one.loaded->queue ? one.loaded->queue->size() : 0;
        activity.statistics = one.loaded->statistics.snapshot();
      }
      all.push_back(std::move(activity));
    }
  }
  return all;
}

Task<void> ModelServer::infer(RequestContext context, InferRequest request, InferSink& sink) {
  if (state_->is_stopping) {
    co_return Error{Code::Unavailable, "Server not ready"};
  }
  auto loaded = state_->table->find(request.model, request.version);
  if (!loaded && state_->may_bring(request.model, request.version)) {
    co_return co_await state_->infer_on_demand(std::move(context), std::move(request), sink);
  }
  AION_CO_TRY_VOID(loaded ? Result<void>() : Result<void>(loaded.error()));
  const ModelUse::Hold hold((*loaded)->use);
  (*loaded)->use->note_request(state_->parts.executors.clock().now());
  co_return co_await state_->runner.run(
      *std::move(loaded), std::move(context), std::move(request), sink);
}

/// The request holds the model from before it is loaded until it has been answered, so that it is
/// not evicted in between.
Task<void> ModelServer::State::infer_on_demand(RequestContext context,
                                               InferRequest request,
                                               InferSink& sink) {
  const auto use = loader.use_of(request.model);
  const ModelUse::Hold hold(use);
  use->note_request(parts.executors.clock().now());
  AION_CO_TRY_VOID(co_await demand.bring(request.model, use, context.deadline, context.cancel));
  AION_CO_TRY(auto loaded, table->find(request.model, request.version));
  co_return co_await runner.run(std::move(loaded), std::move(context), std::move(request), sink);
}

}  // namespace aion::serving
