#include "jobs/engine/local.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/event_loop.h"
#include "base/uuid.h"
#include "jobs/engine/local_attempt.h"
#include "runtime/process/free_port.h"

namespace aion::jobs {

namespace fs = std::filesystem;

namespace {

constexpr const char* kAttemptVariable = "AION_JOB_ATTEMPT";
constexpr const char* kUsualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string name_of(const AttemptId& id, std::size_t rank) {
  return id.job + "." + std::to_string(id.number) + "." + std::to_string(rank);
}

std::string seconds_text(std::chrono::milliseconds time) {
  return std::to_string(time.count() / 1000) + "." + std::to_string(time.count() % 1000 / 100) +
         " s";
}

bool is_good(const End& end) {
  return end.kind == EndKind::Exited && end.number == 0;
}

/// What programs of a gang find each other by: names that torchrun and its like have made usual.
void add_ranks(std::map<std::string, std::string>& environment,
               const ProgramSpec& spec,
               std::uint32_t rank,
               std::uint16_t port) {
  environment["RANK"] = environment["LOCAL_RANK"] = std::to_string(rank);
  environment["WORLD_SIZE"] = environment["LOCAL_WORLD_SIZE"] = std::to_string(spec.members);
  environment["MASTER_ADDR"] = "127.0.0.1";
  environment["MASTER_PORT"] = std::to_string(port);
}

runtime::ProgramOrder order_of(const AttemptId& id,
                               const resource::Claim& claim,
                               const ProgramSpec& spec,
                               std::uint32_t rank) {
  runtime::ProgramOrder order;
  order.arguments = spec.arguments;
  order.environment = spec.environment;
  order.environment.emplace("PATH", kUsualPath);
  // Libraries that count the machine's cores would start a thread for each.
  const auto threads = static_cast<int>(std::max(1.0, std::floor(claim.quantity.cores)));
  order.environment.emplace("OMP_NUM_THREADS", std::to_string(threads));
  order.environment["AION_JOB_ID"] = id.job;
  order.environment["AION_JOB_RANK"] = std::to_string(rank);
  order.environment[kAttemptVariable] = name_of(id, rank);
  order.folder = spec.folder;
  order.time_limit = spec.time_limit;
  order.grace = spec.grace;
  order.stop_signal = spec.stop_signal;
  order.log_limit = spec.log_limit;
  order.niceness = spec.niceness;
  return order;
}

}  // namespace

/// Waits for one member's bell, on an io thread.
class LocalEngine::Watch final : public EventLoop::Watcher {
 public:
  Watch(LocalEngine& engine, AttemptPointer attempt, std::size_t rank, int descriptor)
      : engine_(engine), attempt_(std::move(attempt)), rank_(rank), descriptor_(descriptor) {}
  ~Watch() { ::close(descriptor_); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /// On the loop's thread.
  void begin(EventLoop& loop) {
    loop_ = &loop;
    if (!loop.add(descriptor_, EPOLLIN, *this)) {
      end();
    }
  }

  void on_events(std::uint32_t events) override {
    char rung = 0;
    const ssize_t got = (events & EPOLLIN) != 0 ? ::read(descriptor_, &rung, 1) : 0;
    if (got == 1) {
      engine_.note_start(attempt_, rank_);
      return;
    }
    loop_->remove(descriptor_, *this);
    end();
  }

 private:
  void end() {
    const std::unique_ptr<Watch> self = engine_.end_watch(*this);
    post(engine_.executors_.blocking(), [engine = &engine_, attempt = attempt_, rank = rank_] {
      engine->note_end(attempt, rank);
    });
  }

  LocalEngine& engine_;
  AttemptPointer attempt_;
  std::size_t rank_;
  int descriptor_;
  EventLoop* loop_ = nullptr;
};

LocalEngine::LocalEngine(Executors& executors, const Log& log, Options options)
    : executors_(executors), log_(log), options_(std::move(options)) {}

LocalEngine::~LocalEngine() = default;

fs::path LocalEngine::folder_of(const AttemptId& id) const {
  return options_.root / id.job / std::to_string(id.number);
}

/// An id becomes a path.
Result<void> LocalEngine::check(const AttemptId& id) const {
  return is_uuid(id.job) ? Result<void>()
                         : Error{Code::InvalidArgument, "'" + id.job + "' is no job's id"};
}

LocalEngine::AttemptPointer LocalEngine::attempt_of(const AttemptId& id) {
  const std::scoped_lock lock(mutex_);
  const auto found = attempts_.find(id);
  return found == attempts_.end() ? nullptr : found->second;
}

Result<void> LocalEngine::begin_member(Attempt& attempt,
                                       std::uint32_t rank,
                                       runtime::ProgramOrder order,
                                       const runtime::GroupLimits& limits) {
  Member& member = attempt.members.emplace_back(rank, folder_of(attempt.id) / std::to_string(rank));
  // The folder first: by it a later engine knows of a group that nobody has come to join.
  std::error_code failed;
  fs::create_directories(member.program.folder(), failed);
  if (failed) {
    return Error{Code::Unavailable,
                 "cannot make '" + member.program.folder().string() + "': " + failed.message()};
  }
  AION_TRY(member.group, options_.groups.make(name_of(attempt.id, rank), limits));
  order.group = member.group;
  order.cpus = limits.cpus;
  if (options_.groups.level() == runtime::Enforcement::Limits) {
    order.most_processes = limits.most_processes;
  }
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return Error{Code::Unavailable, std::string("no pipe: ") + std::strerror(errno)};
  }
  auto started = member.program.start(options_.supervisor, order, ends[1]);
  ::close(ends[1]);
  if (!started) {
    ::close(ends[0]);
    return started.error();
  }
  member.child = *started;
  member.listens_on = ends[0];
  return {};
}

Result<Placement> LocalEngine::begin(const AttemptId& id,
                                     const resource::Claim& claim,
                                     const std::vector<std::uint32_t>& cpus,
                                     const ProgramSpec& spec) {
  AION_TRY_VOID(check(id));
  auto attempt = std::make_shared<Attempt>();
  attempt->id = id;
  attempt->spec = spec;
  attempt->memory = claim.quantity.memory;
  AION_TRY(const std::uint16_t port, spec.members > 1 ? runtime::free_port() : std::uint16_t{0});
  attempt->members.reserve(spec.members);
  Result<void> begun;
  for (std::uint32_t rank = 0; rank < spec.members && begun; ++rank) {
    runtime::ProgramOrder order = order_of(id, claim, spec, rank);
    if (spec.members > 1) {
      add_ranks(order.environment, spec, rank, port);
    }
    runtime::GroupLimits limits;
    limits.cores = claim.quantity.cores;
    limits.memory = claim.quantity.memory;
    limits.most_processes = spec.most_processes;
    const std::size_t each = cpus.size() / spec.members;
    limits.cpus.assign(cpus.begin() + static_cast<std::ptrdiff_t>(each * rank),
                       cpus.begin() + static_cast<std::ptrdiff_t>(each * (rank + 1)));
    begun = begin_member(*attempt, rank, std::move(order), limits);
  }
  if (!begun) {
    for (Member& member : attempt->members) {
      [[maybe_unused]] const auto asked = member.program.demand(runtime::Demand::Signal, 9);
      clean_up(member, true);
      if (member.child > 0) {
        ::waitpid(member.child, nullptr, 0);
        ::close(member.listens_on);
      }
    }
    std::error_code ignored;
    fs::remove_all(folder_of(id), ignored);
    return begun.error();
  }
  {
    const std::scoped_lock lock(mutex_);
    attempts_[id] = attempt;
  }
  watch(attempt);
  return Placement{"local", "this machine", "", std::string(name_of(options_.groups.level()))};
}

void LocalEngine::watch(const AttemptPointer& attempt) {
  post(executors_.io(), [this, attempt] {
    for (std::size_t rank = 0; rank < attempt->members.size(); ++rank) {
      if (attempt->members[rank].listens_on >= 0) {
        begin_watch(attempt, rank);
      }
    }
  });
}

void LocalEngine::begin_watch(const AttemptPointer& attempt, std::size_t rank) {
  auto made = std::make_unique<Watch>(*this, attempt, rank, attempt->members[rank].listens_on);
  Watch& watch = *made;
  {
    const std::scoped_lock lock(mutex_);
    watches_.emplace(&watch, std::move(made));
  }
  watch.begin(executors_.loop(0));
}

std::unique_ptr<LocalEngine::Watch> LocalEngine::end_watch(const Watch& watch) {
  const std::scoped_lock lock(mutex_);
  return std::move(watches_.extract(&watch).mapped());
}

void LocalEngine::note_start(const AttemptPointer& attempt, std::size_t rank) {
  Started started;
  started.at = std::chrono::system_clock::now();
  {
    const std::scoped_lock lock(mutex_);
    attempt->members[rank].runs = true;
    if (attempt->is_start_told || !std::ranges::all_of(attempt->members, &Member::runs)) {
      return;
    }
    attempt->is_start_told = true;
  }
  for (const Member& member : attempt->members) {
    started.processes.push_back(member.program.record().process);
  }
  listener_->on_started(attempt->id, started);
}

/// Whatever a member has left behind. A supervisor that has come to its end has left no process.
void LocalEngine::clean_up(const Member& member, bool is_lost) const {
  if (options_.groups.level() == runtime::Enforcement::Limits) {
    if (!is_lost) {
      return;
    }
    const fs::path& folder = member.program.folder();  // root / job / number / rank
    const AttemptId id{folder.parent_path().parent_path().filename(), 0};
    runtime::kill_marked(std::string(kAttemptVariable) + "=" + id.job + "." +
                         folder.parent_path().filename().string() + "." +
                         folder.filename().string());
    return;
  }
  if (const auto removed = member.group.remove(); !removed) {
    log_.warn("control group left", {{"reason", removed.error().message}});
  }
}

/// What a member's record says, in the port's words.
End LocalEngine::end_of(const Attempt& attempt, Member& member) {
  using Kind = runtime::ProgramRecord::Kind;
  const runtime::ProgramRecord record = member.program.record();
  const runtime::GroupUsage used = member.group.usage();
  End end;
  end.at = std::chrono::system_clock::now();
  end.usage.cpu = used.cpu;
  end.usage.peak_memory = used.peak_memory;
  if (!record.end) {
    end.kind = EndKind::Lost;
    end.words = "its supervisor was killed";
    return end;
  }
  const auto& told = *record.end;
  end.at = told.at;
  end.number = told.number;
  end.usage.cpu = std::max<std::chrono::nanoseconds>(end.usage.cpu, told.cpu);
  end.usage.peak_memory = std::max(end.usage.peak_memory, told.peak_memory);
  end.kind = told.kind == Kind::Exited      ? EndKind::Exited
             : told.kind == Kind::Signalled ? EndKind::Signalled
                                            : EndKind::NotStarted;
  if (end.kind == EndKind::NotStarted) {
    end.words = "cannot start " + record.what + ": " + std::strerror(told.number);
  } else if (told.is_over_time) {
    end.kind = EndKind::TimeLimit;
    end.words = "ended by its time limit" + (attempt.spec.time_limit.count() > 0
                                                 ? " of " + seconds_text(attempt.spec.time_limit)
                                                 : std::string());
  } else if (used.out_of_memory_kills > 0 && !is_good(end)) {
    end.kind = EndKind::OutOfMemory;
    end.words =
        "killed: over its " + (attempt.memory.count > 0 ? to_string(attempt.memory) + " of memory"
                                                        : std::string("memory"));
  } else if (told.is_stopped) {
    end.kind = EndKind::Stopped;
    end.words = "stopped when it was asked to";
  }
  return end;
}

/// Once for each member; on a thread that may wait.
void LocalEngine::note_end(const AttemptPointer& attempt, std::size_t rank) {
  Member& member = attempt->members[rank];
  if (member.child > 0) {
    ::waitpid(member.child, nullptr, 0);  // it has closed its bell: it is gone, or about to
  }
  const End end = end_of(*attempt, member);
  clean_up(member, end.kind == EndKind::Lost);
  bool stops_others = false;
  {
    const std::scoped_lock lock(mutex_);
    member.has_ended = true;
    attempt->usage.cpu += end.usage.cpu;
    attempt->usage.peak_memory.count += end.usage.peak_memory.count;
    if (!attempt->end && !is_good(end)) {
      attempt->end = end;
      stops_others = true;
    }
    if (std::ranges::all_of(attempt->members, &Member::has_ended)) {
      attempts_.erase(attempt->id);
      stops_others = false;
    } else if (!stops_others) {
      return;
    }
  }
  if (stops_others) {
    for (const Member& other : attempt->members) {
      // One that has ended meanwhile needs no order.
      [[maybe_unused]] const auto asked = other.program.demand(runtime::Demand::Stop);
    }
    return;
  }
  End whole = attempt->end.value_or(end);
  if (attempt->members.size() > 1 && attempt->end) {
    whole.words = "a member: " + (whole.words.empty() ? std::string("ended badly") : whole.words);
  }
  whole.usage = attempt->usage;
  listener_->on_ended(attempt->id, whole);
}

Result<Phase> LocalEngine::find_again(const AttemptId& id) {
  AION_TRY_VOID(check(id));
  if (attempt_of(id)) {
    return Phase::Running;
  }
  auto attempt = std::make_shared<Attempt>();
  attempt->id = id;
  std::error_code failed;
  for (std::uint32_t rank = 0; fs::is_directory(folder_of(id) / std::to_string(rank), failed);
       ++rank) {
    Member& member = attempt->members.emplace_back(rank, folder_of(id) / std::to_string(rank));
    member.group = options_.groups.find(name_of(id, rank));
  }
  bool has_begun = false;
  bool is_alive = false;
  for (Member& member : attempt->members) {
    // First the process, then whether it lives: a number that was given to another meanwhile is not
    // believed.
    runtime::ProgramRecord record = member.program.record();
    member.listens_on = record.supervisor > 0
                            ? static_cast<int>(::syscall(SYS_pidfd_open, record.supervisor, 0U))
                            : -1;
    const bool lives = member.program.is_alive();
    if (!lives && member.listens_on >= 0) {
      ::close(member.listens_on);
      member.listens_on = -1;
    }
    if (lives && member.listens_on < 0) {
      return Error{Code::Unavailable, "its supervisor is about to start; ask again"};
    }
    record = member.program.record();
    member.runs = record.process > 0;
    has_begun = has_begun || lives || record.supervisor > 0;
    is_alive = is_alive || lives;
  }
  if (!has_begun) {
    std::ranges::for_each(attempt->members,
                          [this](const Member& member) { clean_up(member, true); });
    return Error{Code::NotFound, "it has never been started"};
  }
  attempt->is_start_told = true;
  {
    const std::scoped_lock lock(mutex_);
    attempts_[id] = attempt;
  }
  for (std::size_t rank = 0; rank < attempt->members.size(); ++rank) {
    if (attempt->members[rank].listens_on < 0) {
      post(executors_.blocking(), [this, attempt, rank] { note_end(attempt, rank); });
    }
  }
  watch(attempt);
  return is_alive ? Phase::Running : Phase::Ended;
}

Result<void> LocalEngine::demand(const AttemptId& id, runtime::Demand demand, int number) {
  const AttemptPointer attempt = attempt_of(id);
  if (!attempt) {
    return Error{Code::FailedPrecondition, "it has ended"};
  }
  Result<void> done = Error{Code::FailedPrecondition, "it has ended"};
  for (const Member& member : attempt->members) {
    auto asked = member.program.demand(demand, number);
    done = asked ? asked : done;
  }
  return done;
}

}  // namespace aion::jobs
