#include "daemon/jobs_floor.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string_view>
#include <utility>

#include <unistd.h>

#include "jobs/migrations.h"
#include "runtime/process/control_group.h"
#include "sched/policies.h"

namespace aion::daemon {

namespace {

double cores_for_jobs(const Config& config, const resource::Ledger& ledger) {
  const double there = ledger.balances().front().capacity.quantity.cores;
  const double half = std::max(1.0, std::floor(there / 2));
  return std::min(there, config.jobs_cores > 0 ? static_cast<double>(config.jobs_cores) : half);
}

std::filesystem::path supervisor_of(const Config& config) {
  if (!config.jobs_supervisor.empty()) {
    return config.jobs_supervisor;
  }
  std::error_code failed;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", failed);
  return program.parent_path() / "aion-supervisor";
}

runtime::ControlGroups groups_of(const Config& config, const Log& log) {
  if (!config.jobs_have_groups) {
    return runtime::ControlGroups::none();
  }
  auto groups = runtime::ControlGroups::detect({});
  if (groups.level() == runtime::Enforcement::Limits) {
    log.warn("jobs run without control groups: their memory is not limited",
             {{"reason", groups.why()}});
  }
  return groups;
}

/// What pip and uv need of the daemon's own environment, and how a company tells them of its index.
jobs::Environments::Options environments_of(const Config& config) {
  jobs::Environments::Options options;
  options.root = config.data_dir / "environments";
  options.uv = config.jobs_uv;
  for (const char* const* line = environ; *line != nullptr; ++line) {
    const std::string_view variable(*line);
    const std::string name(variable.substr(0, variable.find('=')));
    const bool is_needed = name == "PATH" || name == "HOME" || name == "LANG" || name == "TMPDIR" ||
                           name.starts_with("PIP_") || name.starts_with("UV_") ||
                           name.ends_with("_proxy") || name.ends_with("_PROXY") ||
                           name.starts_with("SSL_CERT_") || name == "REQUESTS_CA_BUNDLE";
    if (is_needed && variable.size() > name.size()) {
      options.environment[name] = variable.substr(name.size() + 1);
    }
  }
  return options;
}

jobs::JobService::Config service_config(const Config& config, double cores) {
  jobs::JobService::Config service;
  service.queue.policy = *sched::find_policy(config.jobs_policy);  // Config::check() has looked
  service.queue.cores = cores;
  return service;
}

}  // namespace

JobsFloor::JobsFloor(const Config& config,
                     Executors& executors,
                     resource::Ledger& ledger,
                     const Log& log,
                     std::unique_ptr<store::SqliteStore> store,
                     security::OwnerToken token)
    : cores_(cores_for_jobs(config, ledger)),
      store_(std::move(store)),
      token_(std::move(token)),
      engine_(executors,
              log,
              {config.data_dir / "jobs", supervisor_of(config), groups_of(config, log)}),
      environments_(executors, log, environments_of(config)),
      service_({executors,
                *store_,
                ledger,
                engine_,
                log,
                config.jobs_have_environments ? &environments_ : nullptr},
               service_config(config, cores_)) {}

Result<std::unique_ptr<JobsFloor>> JobsFloor::open(const Config& config,
                                                   Executors& executors,
                                                   resource::Ledger& ledger,
                                                   const Log& log) {
  AION_TRY(auto token, security::OwnerToken::open(config.data_dir));
  store::SqliteStore::Options options;
  options.file = config.data_dir / "aion.db";
  AION_TRY(auto store,
           store::SqliteStore::open(std::move(options), jobs::migrations(), executors.blocking()));
  return std::unique_ptr<JobsFloor>(
      new JobsFloor(config, executors, ledger, log, std::move(store), std::move(token)));
}

}  // namespace aion::daemon
