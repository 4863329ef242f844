#include "serving/loader.h"

#include <utility>

#include "base/spawn.h"

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

Task<std::shared_ptr<LoadedVersion>> Loader::open(catalog::ModelVersion version) {
  AION_CO_TRY(runtime::Backend* const backend, parts_.backends.find(version));
  AION_CO_TRY(const resource::Quantity needed, backend->estimate(version));
  const std::string holder =
      "model '" + version.name + "' version " + std::to_string(version.number);
  const resource::Claim claim{holder, parts_.ledger.device(), needed};
  AION_CO_TRY(resource::Lease lease, parts_.ledger.take(claim));
  AION_CO_TRY(auto instance, co_await backend->open(version, std::move(lease)));
  version.signature = instance->signature();
  auto queue = needed.cores > 0 ? parts_.dispatcher.make_queue(max_queue_) : nullptr;
  co_return make_shared_version(
      std::make_unique<LoadedVersion>(std::move(version), std::move(instance), std::move(queue)));
}

Task<void> Loader::load(std::string name) {
  const Population::Change counted(population_);  // the first to be made, the last to go
  const auto guard = co_await loading_.lock(name);
  if (is_closed_) {
    co_return closed();
  }
  const std::string failed = "failed to load '" + name + "', ";
  auto found = parts_.repository.find(name);
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
    const TimePoint begin = parts_.executors.clock().now();
    auto opened = co_await open(version);
    note(version, opened ? nullptr : &opened.error(), begin);
    if (!opened) {
      reasons += (reasons.empty() ? "version " : "; version ") + std::to_string(version.number) +
                 ": " + opened.error().message;
    }
    edit_unless_closed([&](Models& models) {
      VersionEntry& entry = models[model.name].versions[version.number];
      if (opened) {
        entry = {VersionState::Ready, "", *opened};
      } else if (entry.loaded) {
        entry.reason = opened.error().message;  // the old one stays in service
      } else {
        entry = {VersionState::Unavailable, opened.error().message, nullptr};
      }
    });
  }
  // Versions that the repository does not want any more go when the new ones are in service.
  edit_unless_closed([&](Models& models) {
    std::erase_if(models[model.name].versions, [&](const auto& entry) {
      return std::none_of(model.versions.begin(), model.versions.end(), [&](const auto& version) {
        return version.number == entry.first;
      });
    });
  });
  co_return reasons;
}

Task<void> Loader::unload(std::string name) {
  const Population::Change counted(population_);
  const auto guard = co_await loading_.lock(name);
  parts_.table.edit([&](Models& models) {
    const auto entry = models.find(name);
    if (entry == models.end()) {
      return;
    }
    for (auto& [number, version] : entry->second.versions) {
      version = {VersionState::Unavailable, "unloaded", nullptr};
    }
  });
  parts_.log.info("model unloaded", {{"model", name}});
  co_return Result<void>{};
}

}  // namespace aion::serving
