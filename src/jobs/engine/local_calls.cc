// The calls of the port: each hops to where it may wait, and back.
#include <system_error>
#include <utility>

#include "base/spawn.h"
#include "jobs/engine/local.h"
#include "jobs/engine/local_attempt.h"

// g++ 12 inlines Boost.Asio's operator new of a frame and not its operator delete, and then takes
// them for strangers.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace aion::jobs {

Task<Placement> LocalEngine::submit(AttemptId attempt,
                                    resource::Claim claim,
                                    std::vector<std::uint32_t> cpus,
                                    ProgramSpec spec) {
  const Executor back = co_await spawn_executor();
  co_await on(executors_.blocking());
  auto placed = begin(attempt, claim, cpus, spec);
  co_await on(back);
  co_return placed;
}

Task<Phase> LocalEngine::find(AttemptId attempt, std::string /*token*/) {
  const Executor back = co_await spawn_executor();
  co_await on(executors_.blocking());
  auto found = find_again(attempt);
  co_await on(back);
  co_return found;
}

Task<void> LocalEngine::stop(AttemptId attempt) {
  const Executor back = co_await spawn_executor();
  co_await on(executors_.blocking());
  auto done = demand(attempt, runtime::Demand::Stop, 0);
  co_await on(back);
  co_return done;
}

Task<void> LocalEngine::suspend(AttemptId attempt) {
  const Executor back = co_await spawn_executor();
  co_await on(executors_.blocking());
  auto done = demand(attempt, runtime::Demand::Suspend, 0);
  co_await on(back);
  co_return done;
}

Task<void> LocalEngine::resume(AttemptId attempt) {
  const Executor back = co_await spawn_executor();
  co_await on(executors_.blocking());
  auto done = demand(attempt, runtime::Demand::Resume, 0);
  co_await on(back);
  co_return done;
}

Task<void> LocalEngine::signal(AttemptId attempt, int number) {
  const Executor back = co_await spawn_executor();
  co_await on(executors_.blocking());
  auto done = demand(attempt, runtime::Demand::Signal, number);
  co_await on(back);
  co_return done;
}

Task<LogPart> LocalEngine::log(AttemptId attempt,
                               std::uint32_t member,
                               std::uint64_t offset,
                               std::size_t limit) {
  AION_CO_TRY_VOID(check(attempt));
  const Executor back = co_await spawn_executor();
  co_await on(executors_.blocking());
  const runtime::Supervised program(folder_of(attempt) / std::to_string(member));
  const bool is_alive = program.is_alive();  // before it is read, so that the end is the end
  auto read = program.log(offset, limit);
  co_await on(back);
  LogPart part;
  part.offset = read.offset;
  part.is_end = !is_alive && read.text.size() < limit;
  part.text = std::move(read.text);
  co_return part;
}

Task<Usage> LocalEngine::usage(AttemptId attempt) {
  const AttemptPointer known = attempt_of(attempt);
  if (!known) {
    co_return Error{Code::NotFound, "it does not run"};
  }
  const Executor back = co_await spawn_executor();
  co_await on(executors_.blocking());
  Usage usage;
  for (const Member& member : known->members) {
    const runtime::GroupUsage used = member.group.usage();
    usage.cpu += used.cpu;
    usage.peak_memory.count += used.peak_memory.count;
  }
  co_await on(back);
  co_return usage;
}

Task<void> LocalEngine::forget(AttemptId attempt) {
  AION_CO_TRY_VOID(check(attempt));
  if (attempt_of(attempt)) {
    co_return Error{Code::FailedPrecondition, "it has not ended"};
  }
  const Executor back = co_await spawn_executor();
  co_await on(executors_.blocking());
  std::error_code failed;
  std::filesystem::remove_all(folder_of(attempt), failed);
  co_await on(back);
  co_return failed ? Result<void>(Error{Code::Unavailable, failed.message()}) : Result<void>();
}

}  // namespace aion::jobs
