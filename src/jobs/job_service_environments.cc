// Python environments for jobs that want them.
#include <algorithm>
#include <utility>

#include "jobs/job_service.h"

// g++ 12 inlines Boost.Asio's operator new of a frame and not its operator delete, and then takes
// them for strangers.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace aion::jobs {

/// Of a job that is preparing: its environment is made, or it goes on without one.
void JobService::prepare(Live& live) {
  const JobSpec& spec = live.job.spec;
  if (!spec.wants_environment()) {
    step(live, Event::EnvironmentReady, "it needs no environment of its own");
    enter(live);
    return;
  }
  if (parts_.environments == nullptr) {
    step(live, Event::EnvironmentFailed, "this daemon makes no environments any more");
    settle(live);
    return;
  }
  Requirements wanted;
  wanted.text = spec.requirements;
  wanted.python = spec.python;
  spawn(parts_.executors.io(), run_prepare(live.job.number, std::move(wanted)));
}

Awaitable<void> JobService::run_prepare(std::uint64_t number, Requirements wanted) {
  const auto prepared = co_await parts_.environments->prepare(std::move(wanted));
  serial_.run([this, number, prepared] { note_prepared(number, prepared); });
}

void JobService::note_prepared(std::uint64_t number, const Result<Environment>& prepared) {
  Live* const live = is_stopped_ ? nullptr : live_of(number);
  if (live == nullptr || live->job.state != State::Preparing) {
    return;  // cancelled meanwhile
  }
  if (!prepared) {
    step(*live, Event::EnvironmentFailed, prepared.error().message);
    settle(*live);
    return;
  }
  live->job.environment = prepared->key;
  const EnvironmentRecord record{prepared->key, prepared->python, prepared->contents};
  parts_.store.enqueue(
      [record, project = live->job.project](store::Writer& writer) {
        return keep(writer, project, record);
      },
      [this](const Result<void>& kept) {
        if (!kept) {
          parts_.log.error("environment not recorded", {{"reason", kept.error().message}});
        }
      });
  const auto packages = std::ranges::count(prepared->contents, '\n');
  step(*live,
       Event::EnvironmentReady,
       prepared->python + " with " + std::to_string(packages) + " packages");
  enter(*live);
  schedule();
}

Task<std::optional<EnvironmentRecord>> JobService::environment_of(Principal caller,
                                                                  std::uint64_t number) {
  AION_CO_TRY(const Job job, co_await find(caller, number));
  auto found = std::make_shared<std::optional<EnvironmentRecord>>();
  store::Look look = [=](store::Reader& reader) -> Result<void> {
    AION_TRY(*found, find_environment(reader, caller.project, job.environment));
    return {};
  };
  AION_CO_TRY_VOID(co_await parts_.store.read(std::move(look)));
  co_return std::move(*found);
}

Task<std::vector<Environment>> JobService::environments() {
  if (parts_.environments == nullptr) {
    co_return std::vector<Environment>();
  }
  co_return co_await parts_.environments->list();
}

Task<Bytes> JobService::collect_environments(std::chrono::seconds unused) {
  if (parts_.environments == nullptr) {
    co_return Bytes();
  }
  std::function<Result<std::vector<std::string>>()> ask = [this] {
    std::vector<std::string> kept;
    for (const auto& [number, live] : live_) {
      if (!live.job.environment.empty()) {
        kept.push_back(live.job.environment);
      }
    }
    return Result<std::vector<std::string>>(std::move(kept));
  };
  AION_CO_TRY(auto kept, co_await inside<std::vector<std::string>>(std::move(ask)));
  co_return co_await parts_.environments->collect(unused, std::move(kept));
}

}  // namespace aion::jobs
