#include "serving/loader.h"

#include <algorithm>
#include <utility>

#include "base/spawn.h"
#include "runtime/backend/reshaped.h"
#include "serving/batch_proof.h"
#include "serving/warmup.h"

namespace aion::serving {

struct Population::Waiting {
  std::optional<Resume> resume;
  bool is_extinct = false;
  bool is_late = false;  // the deadline passed, perhaps before the wait began
};

Population::Change::Change(std::shared_ptr<Population> population)
    : population_(std::move(population)) {
  population_->alive_.fetch_add(1, std::memory_order_relaxed);
}

Population::Change::~Change() {
  if (population_) {
    population_->leave();
  }
}

void Population::born() {
  alive_.fetch_add(1, std::memory_order_relaxed);
  held_.fetch_add(1, std::memory_order_relaxed);
}

void Population::let_go() {
  held_.fetch_sub(1, std::memory_order_acq_rel);
}

void Population::died() {
  leave();
}

void Population::leave() {
  serial_.run([this] {
    if (alive_.fetch_sub(1, std::memory_order_acq_rel) == 1 && waiting_) {
      waiting_->is_extinct = true;
      (*std::exchange(waiting_, nullptr)->resume)(inline_executor());
    }
  });
}

Awaitable<bool> Population::extinct(Clock& clock, TimePoint deadline, Executor executor) {
  auto waiting = std::make_shared<Waiting>();
  std::unique_ptr<Timer> timer;
  co_await suspend([&](const Resume& resume) {
    const auto self = shared_from_this();  // the serial is still in use when the waiter goes on
    waiting->resume = Resume(resume);
    timer = clock.at(deadline, [this, self, waiting] {
      const auto held = self;
      serial_.run([this, waiting] {
        waiting->is_late = true;
        if (waiting_ == waiting) {
          waiting_ = nullptr;
          (*waiting->resume)(inline_executor());
        }
      });
    });
    serial_.run([this, waiting] {
      waiting->is_extinct = alive_.load(std::memory_order_acquire) == 0;
      if (waiting->is_extinct || waiting->is_late) {
        (*waiting->resume)(inline_executor());
      } else {
        waiting_ = waiting;
      }
    });
  });
  co_await on(std::move(executor));
  co_return waiting->is_extinct;
}

namespace {

Error closed() {
  return Error{Code::Unavailable, "Server not ready"};
}

}  // namespace

Loader::Loader(Parts parts, std::size_t max_queue)
    : parts_(parts), max_queue_(max_queue), loading_(parts.executors.blocking()) {}

std::shared_ptr<LoadedVersion> Loader::make_shared_version(std::unique_ptr<LoadedVersion> version) {
  population_->born();
  // The last request to let go may stand on an io thread, and giving a model back takes
  // milliseconds.
  auto gone = [blocking = parts_.executors.blocking(),
               population = population_](LoadedVersion* last) {
    population->let_go();
    post(blocking, [owned = std::shared_ptr<LoadedVersion>(last), population]() mutable {
      owned.reset();
      population->died();
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
                                              std::size_t max_queue) {
  if (needed.cores <= 0) {
    return nullptr;
  }
  using Mode = catalog::Batching::Mode;
  QueueRule rule;
  rule.limit = max_queue;
  rule.instances = version.instances;
  rule.batching = version.batching;
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

}  // namespace

Task<std::shared_ptr<LoadedVersion>> Loader::open(catalog::ModelVersion version) {
  AION_CO_TRY(runtime::Backend* const backend, parts_.backends.find(version));
  AION_CO_TRY(const resource::Quantity needed, backend->estimate(version));
  const std::string holder =
      "model '" + version.name + "' version " + std::to_string(version.number);
  // It runs in turns with others, on the cores of the dispatcher's lease.
  const resource::Claim claim{holder, parts_.ledger.device(), needed, resource::CoreUse::Lent};
  AION_CO_TRY(resource::Lease lease, parts_.ledger.take(claim));
  AION_CO_TRY(auto instance, co_await open_shaped(*backend, version, std::move(lease)));
  version.signature = instance->signature();
  AION_CO_TRY_VOID(co_await warm_up(version, *instance, is_closed_));
  auto queue = make_queue(version, needed, max_queue_);
  auto loaded =
      std::make_unique<LoadedVersion>(std::move(version), std::move(instance), std::move(queue));
  if (loaded->version.is_cached && parts_.cache) {
    loaded->cache = parts_.cache;
    loaded->cache_owner = parts_.cache->new_owner();
  }
  co_return make_shared_version(std::move(loaded));
}

Task<void> Loader::load(std::string name, std::optional<catalog::Override> given) {
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
  const std::string reason = co_await load_versions(*std::move(found));
  if (is_closed_) {
    co_return closed();
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

/// The reasons of the versions that did not come up; empty when all did.
Awaitable<std::string> Loader::load_versions(catalog::Model model) {
  edit_unless_closed([&](Models& models) {
    ModelEntry& entry = models[model.name];
    entry.reason.clear();
    for (const auto& version : model.versions) {
      entry.versions.try_emplace(version.number);
    }
  });
  std::string reasons;
  for (const catalog::ModelVersion& version : model.versions) {
    if (is_closed_) {
      break;
    }
    if (is_in_service(version)) {
      edit_unless_closed(
          [&](Models& models) { models[model.name].versions[version.number].reason.clear(); });
      continue;
    }
    const TimePoint begin = parts_.executors.clock().now();
    auto opened = co_await open(version);
    note(version, opened ? nullptr : &opened.error(), begin);
    if (!opened) {
      reasons += (reasons.empty() ? "version " : "; version ") + std::to_string(version.number) +
                 ": " + opened.error().message;
    }
    std::shared_ptr<LoadedVersion> replaced;
    edit_unless_closed([&](Models& models) {
      VersionEntry& entry = models[model.name].versions[version.number];
      if (opened) {
        replaced = entry.loaded;
        entry = {VersionState::Ready, "", *opened};
      } else if (entry.loaded) {
        entry.reason = opened.error().message;  // the old one stays in service
      } else {
        entry = {VersionState::Unavailable, opened.error().message, nullptr};
      }
    });
    hurry(replaced);
  }
  // Versions that the repository does not want any more go when the new ones are in service.
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
  co_return reasons;
}

void Loader::close() {
  is_closed_ = true;
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
