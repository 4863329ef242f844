#include "serving/loader.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/spawn.h"
#include "runtime/backend/reshaped.h"
#include "serving/batch_proof.h"
#include "serving/warmup.h"

// g++ 12 inlines Boost.Asio's operator new of a frame and not its operator delete, and then takes
// them for strangers.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace aion::serving {

namespace {

Error closed() {
  return Error{Code::Unavailable, "Server not ready"};
}

}  // namespace

std::string holder_of(const std::string& model, std::int64_t version) {
  return "model '" + model + "' version " + std::to_string(version);
}

Loader::Loader(Parts parts, std::size_t max_queue, MemoryRules rules)
    : parts_(parts),
      max_queue_(max_queue),
      rules_(std::move(rules)),
      admission_({parts.executors, parts.ledger, parts.table},
                 rules_.admission,
                 [this](const std::string& name) { return evict(name); }),
      measured_(rules_.measured),
      meter_(rules_.is_idle),
      loading_(parts.executors.blocking()) {}

std::shared_ptr<LoadedVersion> Loader::make_shared_version(std::unique_ptr<LoadedVersion> version) {
  population_->born();
  // The last request to let go may stand on an io thread, and giving a model back takes
  // milliseconds.
  auto gone = [blocking = parts_.executors.blocking(),
               population = population_,
               changed = admission_.signals()->changed](LoadedVersion* last) {
    population->let_go();
    post(blocking, [owned = std::shared_ptr<LoadedVersion>(last), population, changed]() mutable {
      owned.reset();
      population->died();
      changed->notify();  // whoever waits for memory looks again
    });
  };
  return {version.release(), std::move(gone)};
}

namespace {

// Without a configured limit: beyond this a larger batch saves little, and everybody waits for it.
constexpr std::uint64_t kMostLearnedRows = 64;

/// `version` is complete. Null for one that takes no core: it runs without waiting.
std::shared_ptr<Dispatcher::Queue> make_queue(const catalog::ModelVersion& version,
                                              const resource::Quantity& needed,
                                              std::size_t max_queue,
                                              std::size_t steps) {
  if (needed.cores <= 0) {
    return nullptr;
  }
  using Mode = catalog::Batching::Mode;
  QueueRule rule;
  rule.limit = max_queue;
  rule.instances = version.instances;
  rule.batching = version.batching;
  rule.steps = steps;
  const bool may_join = !version.is_decoupled && has_rows(version.signature);
  const auto most = static_cast<std::uint64_t>(std::max<std::int64_t>(version.max_batch_size, 0));
  if (version.batching.mode == Mode::Dynamic) {
    const std::uint64_t rows = may_join ? std::max<std::uint64_t>(most, 1) : 1;
    rule.batch_limit = std::make_shared<BatchLimit>(BatchLimit::Kind::Fixed, rows);
  } else if (version.batching.mode == Mode::Adaptive && may_join) {
    const std::uint64_t rows = most == 0 ? kMostLearnedRows : std::min(most, kMostLearnedRows);
    rule.batch_limit = std::make_shared<BatchLimit>(BatchLimit::Kind::Learned, rows);
  }
  return Dispatcher::make_queue(std::move(rule));
}

/// Opens the version with the shapes that its file has; the instance has those that clients see.
Task<std::unique_ptr<runtime::Instance>> open_shaped(runtime::Backend& backend,
                                                     catalog::ModelVersion version,
                                                     resource::Lease lease) {
  const catalog::Signature outer = version.signature;
  version.signature = runtime::inner_signature(std::move(version.signature));
  AION_CO_TRY(auto instance, co_await backend.open(std::move(version), std::move(lease)));
  co_return runtime::has_inner_shapes(outer) ? runtime::reshaped(std::move(instance), outer)
                                             : std::move(instance);
}

/// Whether the configuration says that the model is never evicted.
Result<bool> wants_pin(const catalog::ModelVersion& version) {
  const auto found = version.parameters.find("pinned");
  if (found == version.parameters.end() || found->second == "false") {
    return false;
  }
  if (found->second == "true") {
    return true;
  }
  return Error{Code::InvalidArgument,
               "parameter 'pinned': expected true or false, got '" + found->second + "'"};
}

}  // namespace

std::vector<resource::Claim> Loader::claims_of(const catalog::ModelVersion& version,
                                               const runtime::Estimate& needed) const {
  const std::string holder = holder_of(version.name, version.number);
  // It runs in turns with others, on the cores of the dispatcher's lease.
  std::vector<resource::Claim> gang;
  gang.push_back({holder, parts_.ledger.device(), needed.held, resource::CoreUse::Lent});
  if (needed.loading.count > 0) {
    gang.push_back({holder + ", loading", parts_.ledger.device(), {0, needed.loading}});
  }
  return gang;
}

std::unique_ptr<LoadedVersion> Loader::complete(const Opening& opening,
                                                catalog::ModelVersion version,
                                                std::unique_ptr<runtime::Instance> instance,
                                                const runtime::Estimate& needed) {
  auto queue = make_queue(version, needed.held, max_queue_, instance->steps());
  auto counted = opening.counted ? opening.counted : std::make_shared<Statistics>();
  auto loaded = std::make_unique<LoadedVersion>(
      std::move(version), std::move(instance), std::move(queue), std::move(counted));
  loaded->source = opening.version;
  loaded->use = use_of(loaded->version.name);
  loaded->memory = needed.held.memory.count;
  if (loaded->version.is_cached && parts_.cache) {
    loaded->cache = parts_.cache;
    loaded->cache_owner = parts_.cache->new_owner();
  }
  return loaded;
}

Task<std::shared_ptr<LoadedVersion>> Loader::open(OpeningPointer opening) {
  catalog::ModelVersion version = opening->version;
  AION_CO_TRY(runtime::Backend* const backend, parts_.backends.find(version));
  AION_CO_TRY(const bool is_pinned, wants_pin(version));
  AION_CO_TRY(const runtime::Estimate needed, estimate(*backend, version));
  AION_CO_TRY(auto leases,
              co_await admission_.admit(claims_of(version, needed), version.name, opening->room));
  // Not before: reloads that wait for each other's memory would wait for ever.
  const ModelUse::Hold hold(use_of(version.name));
  const std::uint64_t lease = leases.front().id();
  const TimePoint begin = parts_.executors.clock().now();
  const MemoryMeter::Reading reading(meter_, *admission_.signals());
  AION_CO_TRY(auto instance, co_await open_shaped(*backend, version, std::move(leases.front())));
  const auto added = reading.added();
  version.signature = instance->signature();
  AION_CO_TRY_VOID(co_await warm_up(version, *instance, is_closed_));
  auto loaded = complete(*opening, std::move(version), std::move(instance), needed);
  loaded->lease = lease;
  loaded->took = parts_.executors.clock().now() - begin;
  if (is_pinned) {
    loaded->use->set_pinned(true);
  }
  correct(*loaded, needed, added);
  co_return make_shared_version(std::move(loaded));
}

std::shared_ptr<ModelUse> Loader::use_of(const std::string& name) {
  const auto models = parts_.table.snapshot();
  if (const auto entry = models->find(name); entry != models->end() && entry->second.use) {
    return entry->second.use;
  }
  const auto fresh = std::make_shared<ModelUse>(admission_.signals());
  auto use = fresh;
  edit_unless_closed([&](Models& edited) {
    ModelEntry& entry = edited[name];
    entry.use = entry.use ? entry.use : fresh;
    use = entry.use;
  });
  return use;
}

Task<void> Loader::load(std::string name, std::optional<catalog::Override> given, Room room) {
  const Population::Change counted(population_);  // the first to be made, the last to go
  const auto guard = co_await loading_.lock(name);
  if (is_closed_) {
    co_return closed();
  }
  const std::string failed = "failed to load '" + name + "', ";
  auto found = given ? parts_.repository.overridden(name, *given) : parts_.repository.find(name);
  if (!found) {
    const std::string& reason = found.error().message;
    if (found.error().code != Code::NotFound) {
      edit_unless_closed([&](Models& models) { models[name].reason = reason; });
    }
    parts_.log.warn("model not loaded", {{"model", name}, {"reason", reason}});
    // A name that the repository does not hold is the caller's mistake, and needs no further words.
    const std::string polled = failed + "failed to poll from model repository";
    if (found.error().code == Code::NotFound) {
      co_return Error{Code::InvalidArgument, polled};
    }
    const bool is_callers = found.error().code == Code::InvalidArgument;
    co_return Error{is_callers ? Code::InvalidArgument : Code::Internal, polled + ": " + reason};
  }
  const std::string reason = co_await load_versions(*std::move(found), room);
  if (is_closed_) {
    co_return closed();
  }
  if (room == Room::Free && reason.empty()) {
    co_return Result<void>{};  // in service, or parked
  }
  if (const auto ready = parts_.table.find(name, 0); !ready) {
    co_return Error{Code::Internal,
                    failed + "no version is available" + (reason.empty() ? "" : ": " + reason)};
  }
  if (!reason.empty()) {
    co_return Error{Code::Internal, failed + reason};
  }
  co_return Result<void>{};
}

/// Like ModelTable::edit(), until the loader is closed. The clearing of the table that follows the
/// closing either comes after this edit, or makes it try again, and then it sees that it is closed.
void Loader::edit_unless_closed(const std::function<void(Models&)>& change) {
  parts_.table.edit([&](Models& models) {
    if (!is_closed_) {
      change(models);
    }
  });
}

/// Whether the version serves as the repository holds it now.
bool Loader::is_in_service(const catalog::ModelVersion& version) const {
  const auto loaded = parts_.table.find(version.name, version.number);
  return loaded && !version.fingerprint.empty() &&
         (*loaded)->version.fingerprint == version.fingerprint;
}

/// A version has left the table; null is none.
void Loader::hurry(const std::shared_ptr<LoadedVersion>& gone) {
  if (!gone) {
    return;
  }
  gone->retired.cancel();
  if (gone->queue) {
    parts_.dispatcher.hurry(gone->queue);
  }
}

/// Writes to the log what became of a load; `failure` is null when it went well.
void Loader::note(const catalog::ModelVersion& version, const Error* failure, TimePoint begin) {
  const std::string number = std::to_string(version.number);
  if (failure != nullptr) {
    parts_.log.warn("model not loaded",
                    {{"model", version.name}, {"version", number}, {"reason", failure->message}});
    return;
  }
  const auto took =
      std::chrono::duration<double, std::milli>(parts_.executors.clock().now() - begin);
  parts_.log.info("model loaded",
                  {{"model", version.name}, {"version", number}, {"took_ms", took.count()}});
}

/// Brings one version into the table; the reason why it did not come up, or empty.
Awaitable<std::string> Loader::bring_up(OpeningPointer opening) {
  const TimePoint begin = parts_.executors.clock().now();
  const catalog::ModelVersion version = opening->version;
  const Room room = opening->room;
  auto opened = co_await open(std::move(opening));
  const bool is_parked =
      !opened && room == Room::Free && opened.error().code == Code::ResourceExhausted;
  if (is_parked) {
    parts_.log.info("model left for the first request",
                    {{"model", version.name}, {"reason", opened.error().message}});
  } else {
    note(version, opened ? nullptr : &opened.error(), begin);
  }
  std::shared_ptr<LoadedVersion> replaced;
  edit_unless_closed([&](Models& models) {
    VersionEntry& entry = models[version.name].versions[version.number];
    if (opened) {
      replaced = entry.loaded;
      entry = {VersionState::Ready, "", *opened};
    } else if (entry.loaded || entry.parked) {
      entry.reason = opened.error().message;  // the old one stays in service, or can come back
    } else if (is_parked) {
      entry = never_loaded(version);
    } else {
      entry = {VersionState::Unavailable, opened.error().message, nullptr};
    }
  });
  hurry(replaced);
  co_return opened || is_parked
      ? ""
      : "version " + std::to_string(version.number) + ": " + opened.error().message;
}

/// The reasons of the versions that did not come up; empty when all did.
Awaitable<std::string> Loader::bring_back(std::vector<OpeningPointer> versions) {
  std::string reasons;
  for (const OpeningPointer& opening : versions) {
    if (is_closed_) {
      break;
    }
    const std::string reason = co_await bring_up(opening);
    reasons += (reasons.empty() || reason.empty() ? "" : "; ") + reason;
  }
  co_return reasons;
}

Awaitable<std::string> Loader::load_versions(catalog::Model model, Room room) {
  std::vector<OpeningPointer> changed;
  for (const auto& version : model.versions) {
    if (!is_in_service(version)) {
      changed.push_back(std::make_shared<const Opening>(version, nullptr, room));
    }
  }
  edit_unless_closed([&](Models& models) {
    ModelEntry& entry = models[model.name];
    entry.reason.clear();
    for (const auto& version : model.versions) {
      VersionEntry& one = entry.versions[version.number];
      one.parked = nullptr;  // what the repository holds now takes its place
      if (one.loaded) {
        one.reason.clear();
      }
    }
  });
  std::string reasons = co_await bring_back(std::move(changed));
  note_load_time(model.name);
  remove_unwanted(model);
  co_return reasons;
}

/// Versions that the repository does not want any more go when the new ones are in service.
void Loader::remove_unwanted(const catalog::Model& model) {
  std::vector<std::shared_ptr<LoadedVersion>> unwanted;
  edit_unless_closed([&](Models& models) {
    unwanted.clear();
    std::erase_if(models[model.name].versions, [&](const auto& entry) {
      const auto is_same = [&](const catalog::ModelVersion& version) {
        return version.number == entry.first;
      };
      const bool is_wanted = std::ranges::any_of(model.versions, is_same);
      if (!is_wanted) {
        unwanted.push_back(entry.second.loaded);
      }
      return !is_wanted;
    });
  });
  std::ranges::for_each(unwanted, [this](const auto& version) { hurry(version); });
}

void Loader::close() {
  is_closed_ = true;
  admission_.close();
  std::shared_ptr<const Models> before;
  parts_.table.edit([&](Models& models) {
    before = std::make_shared<const Models>(std::move(models));
    models.clear();
  });
  for (const auto& [name, entry] : *before) {
    for (const auto& [number, version] : entry.versions) {
      hurry(version.loaded);
    }
  }
}

Task<void> Loader::unload(std::string name) {
  const Population::Change counted(population_);
  const auto guard = co_await loading_.lock(name);
  meter_.note_change();
  std::vector<std::shared_ptr<LoadedVersion>> unloaded;
  parts_.table.edit([&](Models& models) {
    unloaded.clear();
    const auto entry = models.find(name);
    if (entry == models.end()) {
      return;
    }
    for (auto& [number, version] : entry->second.versions) {
      unloaded.push_back(version.loaded);
      version = {VersionState::Unavailable, "unloaded", nullptr};
    }
  });
  std::ranges::for_each(unloaded, [this](const auto& version) { hurry(version); });
  parts_.log.info("model unloaded", {{"model", name}});
  co_return Result<void>{};
}

}  // namespace aion::serving
