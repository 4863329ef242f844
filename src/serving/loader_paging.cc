// The part of the loader that brings models into memory and takes them out because of others.
#include <chrono>
#include <utility>

#include "serving/loader.h"

namespace aion::serving {

/// The backend's, corrected by what has been measured before.
Result<runtime::Estimate> Loader::estimate(const runtime::Backend& backend,
                                           const catalog::ModelVersion& version) const {
  AION_TRY(runtime::Estimate estimate, backend.estimate(version));
  if (const auto measured = measured_.find(version)) {
    estimate.held.memory = Bytes{measured->count + estimate.running.count};
  }
  return estimate;
}

/// The ledger is told what the load has really taken, and the next one begins with that.
void Loader::correct(LoadedVersion& loaded,
                     const runtime::Estimate& estimate,
                     const std::optional<Bytes>& added) {
  if (!added || estimate.held.memory.count == 0) {
    return;
  }
  if (const auto kept = measured_.keep(loaded.source, *added); !kept) {
    parts_.log.warn("measured memory not kept", {{"reason", kept.error().message}});
  }
  parts_.log.debug(
      "memory measured",
      {{"model", loaded.version.name},
       {"estimated", std::to_string(estimate.held.memory.count - estimate.running.count)},
       {"measured", std::to_string(added->count)},
       {"running", std::to_string(estimate.running.count)}});
  const Bytes memory{measured_.find(loaded.source).value_or(*added).count + estimate.running.count};
  if (const auto told = parts_.ledger.set_memory(loaded.lease, memory); !told) {
    parts_.log.warn("model holds more memory than it was granted",
                    {{"model", loaded.version.name},
                     {"bytes", std::to_string(memory.count)},
                     {"reason", told.error().message}});
    return;
  }
  loaded.memory.store(memory.count, std::memory_order_relaxed);
}

/// What all versions in memory have taken together is what bringing them back will take.
void Loader::note_load_time(const std::string& name) {
  const auto models = parts_.table.snapshot();
  const auto entry = models->find(name);
  if (entry == models->end() || !entry->second.use) {
    return;
  }
  Duration took{0};
  for (const auto& [number, version] : entry->second.versions) {
    took += version.loaded ? version.loaded->took : Duration{0};
  }
  if (took > Duration{0}) {
    entry->second.use->note_load(took);
  }
}

Task<void> Loader::revive(std::string name, bool may_be_new) {
  const Population::Change counted(population_);
  auto guard = std::make_optional(co_await loading_.lock(name));
  std::vector<OpeningPointer> versions;
  bool is_ready = false;
  bool is_new = true;
  {
    const auto models = parts_.table.snapshot();  // not kept: it holds what is to be evicted
    if (const auto entry = models->find(name); entry != models->end()) {
      is_new = false;
      for (const auto& [number, version] : entry->second.versions) {
        is_ready = is_ready || version.loaded;
        if (version.parked) {
          versions.push_back(std::make_shared<const Opening>(
              version.parked->source, version.parked->counted, Room::Evict));
        }
      }
    }
  }
  if (is_new && may_be_new && !is_closed_) {
    guard.reset();
    co_return co_await load(std::move(name));
  }
  if (versions.empty()) {  // somebody was faster, or took it out of service
    co_return is_ready ? Result<void>()
                       : Error{Code::FailedPrecondition, "model '" + name + "' is not available"};
  }
  const std::string reason = co_await bring_back(std::move(versions));
  if (is_closed_) {
    co_return Error{Code::Unavailable, "Server not ready"};
  }
  note_load_time(name);
  if (!reason.empty()) {
    Error error{Code::Unavailable, "failed to load '" + name + "', " + reason};
    error.retry_after = std::chrono::seconds(1);
    co_return error;
  }
  co_return Result<void>();
}

Task<void> Loader::park(catalog::Model model) {
  const Population::Change counted(population_);
  const auto guard = co_await loading_.lock(model.name);
  const auto use = use_of(model.name);
  edit_unless_closed([&](Models& models) {
    ModelEntry& entry = models[model.name];
    entry.reason.clear();
    for (const catalog::ModelVersion& version : model.versions) {
      VersionEntry& one = entry.versions[version.number];
      const bool is_same = one.parked && !version.fingerprint.empty() &&
                           one.parked->source.fingerprint == version.fingerprint;
      if (!one.loaded && !is_same) {
        one = never_loaded(version);
      }
    }
  });
  remove_unwanted(model);
  co_return Result<void>();
}

std::vector<std::uint64_t> Loader::evict(const std::string& name) {
  meter_.note_change();
  std::vector<std::shared_ptr<LoadedVersion>> evicted;
  std::shared_ptr<ModelUse> use;
  edit_unless_closed([&](Models& models) {
    evicted.clear();
    const auto entry = models.find(name);
    if (entry == models.end()) {
      return;
    }
    use = entry->second.use;
    for (auto& [number, version] : entry->second.versions) {
      if (version.loaded) {
        const LoadedVersion& loaded = *version.loaded;
        auto parked = std::make_shared<ParkedVersion>();
        parked->source = loaded.source;
        parked->known = std::make_shared<const catalog::ModelVersion>(loaded.version);
        parked->counted = loaded.counted;
        evicted.push_back(version.loaded);
        version = {VersionState::Unavailable, "evicted; loads on demand", nullptr, parked};
      }
    }
  });
  std::vector<std::uint64_t> leases;
  for (const auto& version : evicted) {
    hurry(version);
    leases.push_back(version->lease);
    parts_.log.info("model evicted",
                    {{"model", name},
                     {"version", std::to_string(version->version.number)},
                     {"bytes", std::to_string(version->memory.load())}});
  }
  if (rules_.evicted && use && !evicted.empty()) {
    rules_.evicted(name, use);
  }
  return leases;
}

}  // namespace aion::serving
