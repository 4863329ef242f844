#include "jobs/job_queue.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <utility>

#include "base/assert.h"

namespace aion::jobs {

namespace {

using sched::Ticks;

constexpr double kPerCore = 1000;
constexpr std::size_t kMostRefused =
    16;  // wishes that one look at those who stand aside compares with
// A job that has waited since a former life of the daemon came before the zero of its clock.
constexpr Ticks kBefore = Ticks{1000} * 3600 * 24 * 366;

std::int32_t thousandths(double cores) {
  return static_cast<std::int32_t>(std::max(1.0, std::round(cores * kPerCore)));
}

Ticks in_ticks(Duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

/// Names as the scheduler knows them: what is learned of one user's jobs is not told of another's.
std::int32_t token(const std::string& text) {
  constexpr std::size_t kMask = 0x7fffffff;
  return static_cast<std::int32_t>(std::hash<std::string>()(text) & kMask);
}

std::string holder_of(const Job& job) {
  return "job " + std::to_string(job.number) + " '" + job.spec.display_name() + "'";
}

bool is_accelerator(const resource::Balance& balance) {
  return balance.capacity.device.kind != resource::DeviceKind::Cpu;
}

}  // namespace

JobQueue::JobQueue(const Rules& rules, resource::Ledger& ledger, TimePoint now)
    : rules_(rules),
      ledger_(ledger),
      zero_(now),
      scheduler_(rules.policy, thousandths(rules.cores)) {}

Ticks JobQueue::ticks(TimePoint time) const {
  return kBefore + in_ticks(time - zero_);
}

sched::Claim JobQueue::claim_for(const Job& job, Ticks arrival) const {
  const JobSpec& spec = job.spec;
  const Duration limit =
      spec.time_limit.count() > 0 ? Duration(spec.time_limit) : rules_.usual_limit;
  sched::Claim claim;
  claim.id = job.number;
  claim.arrival = arrival;
  claim.request = std::max<Ticks>(in_ticks(limit), 1);
  claim.processors = thousandths(spec.cores * spec.members);
  claim.user = token(job.user);
  claim.name = token(spec.display_name());
  claim.priority = spec.priority;
  claim.deadline = spec.deadline.count() > 0 ? arrival + in_ticks(spec.deadline) : sched::kNever;
  return claim;
}

/// The accelerators that have room for one member after the other; where there are too few, the
/// others, so that the ledger says what is lacking.
void JobQueue::choose_gpus(const Wish& wish, std::vector<resource::Claim>& claims) const {
  auto balances = ledger_.balances();
  std::erase_if(balances, [](const auto& balance) { return !is_accelerator(balance); });
  const double share = std::min(wish.gpus, 1.0);
  const auto wanted = static_cast<std::size_t>(std::ceil(wish.gpus)) * wish.members;
  for (std::size_t i = 0; i < wanted && !balances.empty(); ++i) {
    const auto memory_of = [&](const resource::Balance& balance) {
      return wish.gpu_memory.count > 0
                 ? wish.gpu_memory
                 : Bytes{static_cast<std::uint64_t>(
                       share * static_cast<double>(balance.capacity.quantity.memory.count))};
    };
    const auto has_room = [&](const resource::Balance& balance) {
      return balance.free.cores + 1e-9 >= share && balance.free.memory >= memory_of(balance);
    };
    auto chosen = std::ranges::find_if(balances, has_room);
    if (chosen == balances.end()) {
      chosen = std::ranges::max_element(
          balances, {}, [](const auto& balance) { return balance.free.cores; });
    }
    const Bytes memory = memory_of(*chosen);
    claims.push_back({wish.holder, chosen->capacity.device, {share, memory}});
    chosen->free.cores -= share;
    chosen->free.memory.count -= std::min(memory.count, chosen->free.memory.count);
  }
}

JobQueue::Wish JobQueue::wish_of(const Job& job) {
  const JobSpec& spec = job.spec;
  return {holder_of(job), {spec.cores, spec.memory}, spec.members, spec.gpus, spec.gpu_memory};
}

/// By what is free now: which accelerators it gets may be others the next time.
std::vector<resource::Claim> JobQueue::claims_for(const Wish& wish) const {
  const bool is_whole = wish.member.cores == std::floor(wish.member.cores);
  const resource::Claim member{wish.holder,
                               ledger_.device(),
                               wish.member,
                               is_whole ? resource::CoreUse::Pinned : resource::CoreUse::Any};
  std::vector<resource::Claim> claims(wish.members, member);
  if (wish.gpus > 0) {
    choose_gpus(wish, claims);
  }
  return claims;
}

Result<std::vector<resource::Claim>> JobQueue::claims_of(const Job& job) const {
  const JobSpec& spec = job.spec;
  const double cores = spec.cores * spec.members;
  if (cores > rules_.cores + 1e-9) {
    return Error{Code::InvalidArgument,
                 "it wants " + to_text(Json(cores)) + " cores; jobs may hold " +
                     to_text(Json(rules_.cores)) + " on this machine (jobs.cores)"};
  }
  auto claims = claims_for(wish_of(job));
  const auto members = static_cast<std::size_t>(spec.members);
  const std::size_t gpus = static_cast<std::size_t>(std::ceil(spec.gpus)) * members;
  if (claims.size() < members + gpus) {
    return Error{Code::InvalidArgument, "it wants GPUs; there is none on this machine"};
  }
  AION_TRY(const auto prospect, ledger_.prospect(claims));
  if (prospect.is_never) {
    return Error{Code::InvalidArgument, describe(prospect)};
  }
  return claims;
}

void JobQueue::enter(const Job& job, Duration waited, TimePoint now) {
  const auto [place, is_new] = entries_.try_emplace(job.number);
  if (!is_new) {
    return;
  }
  Entry& entry = place->second;
  entry.wanted = claim_for(job, std::max<Ticks>(ticks(now) - in_ticks(waited), 0));
  entry.wish = wish_of(job);
  entry.claim = scheduler_.submit(entry.wanted, ticks(now));
}

Result<std::vector<resource::Lease>> JobQueue::adopt(const Job& job, TimePoint now) {
  std::vector<resource::Lease> leases;
  for (const HeldLease& held : job.leases) {
    resource::Claim claim{holder_of(job), held.device, {held.cores, held.memory}};
    claim.core_use = held.cpus.empty() ? resource::CoreUse::Any : resource::CoreUse::Pinned;
    AION_TRY(auto lease, ledger_.adopt(std::move(claim), held.cpus));
    leases.push_back(std::move(lease));
  }
  enter(job, Duration{0}, now);
  // What ran together before fits together, unless fewer cores are for jobs now: then it runs on
  // outside of the scheduler's books, and the ledger alone knows of it.
  std::vector<sched::Decision> started;
  scheduler_.decide(ticks(now), started);
  if (std::ranges::none_of(started, [&](const auto& one) { return one.id == job.number; })) {
    leave(job.number, now);
  }
  return leases;
}

void JobQueue::leave(std::uint64_t number, TimePoint now) {
  const auto found = entries_.find(number);
  if (found == entries_.end()) {
    return;
  }
  const Entry& entry = found->second;
  if (entry.stands_aside) {
    aside_.erase({entry.wanted.arrival, number});
  } else {
    scheduler_.finish(entry.claim, ticks(now));
  }
  entries_.erase(found);
}

bool JobQueue::Wish::is_within(const Wish& larger) const {
  return member.cores * members <= larger.member.cores * larger.members &&
         member.memory.count * members <= larger.member.memory.count * larger.members &&
         gpus * members <= larger.gpus * larger.members && gpu_memory <= larger.gpu_memory;
}

/// Whoever stood aside for something that there is enough of now. Those that want no less than one
/// that was refused just now are not asked for.
void JobQueue::call_back(TimePoint now) {
  std::vector<Wish> refused;
  for (auto next = aside_.begin(); next != aside_.end();) {
    Entry& entry = entries_.at(next->first.second);
    const bool is_hopeless = std::ranges::any_of(
        refused, [&](const Wish& smaller) { return smaller.is_within(entry.wish); });
    const auto prospect = is_hopeless ? Result<resource::Prospect>(resource::Prospect())
                                      : ledger_.prospect(claims_for(entry.wish));
    if (is_hopeless || (prospect && !prospect->lacks.empty())) {
      if (!is_hopeless && refused.size() < kMostRefused) {
        refused.push_back(entry.wish);
      }
      ++next;
      continue;
    }
    entry.stands_aside = false;
    entry.claim = scheduler_.submit(entry.wanted, ticks(now));
    next = aside_.erase(next);
  }
}

/// Who came later than this starts only when nobody stands aside who has lost patience.
Ticks JobQueue::barrier(TimePoint now) const {
  if (aside_.empty()) {
    return sched::kNever;
  }
  const Ticks eldest = aside_.begin()->first.first;
  return ticks(now) - eldest >= in_ticks(rules_.patience) ? eldest : sched::kNever;
}

/// False when it lacks something: it stands aside.
bool JobQueue::start(std::uint64_t number, TimePoint now, Decisions& out) {
  Entry& entry = entries_.at(number);
  if (entry.wanted.arrival <= barrier(now)) {
    auto leases = ledger_.take_all(claims_for(entry.wish));
    if (leases) {
      out.grants.push_back({number, *std::move(leases)});
      return true;
    }
  }
  scheduler_.finish(entry.claim, ticks(now));
  entry.stands_aside = true;
  aside_.emplace(std::pair(entry.wanted.arrival, number), true);
  return false;
}

JobQueue::Decisions JobQueue::decide(TimePoint now) {
  Decisions out;
  call_back(now);
  for (bool is_settled = false; !is_settled;) {
    is_settled = true;
    std::vector<sched::Decision> decisions;
    scheduler_.decide(ticks(now), decisions);
    for (const sched::Decision& decision : decisions) {
      if (decision.action == sched::Decision::Action::Start) {
        is_settled = start(decision.id, now, out) && is_settled;
      } else {
        leave(decision.id, now);
        out.preempted.push_back(decision.id);
        is_settled = false;
      }
    }
  }
  return out;
}

TimePoint JobQueue::wake_at() const {
  const Ticks at = scheduler_.wake_at();
  return at == sched::kNever ? kNever : zero_ + std::chrono::milliseconds(at - kBefore);
}

std::string JobQueue::why(std::uint64_t number, TimePoint now) {
  const auto found = entries_.find(number);
  if (found == entries_.end()) {
    return "it does not wait for the machine";
  }
  const Entry& entry = found->second;
  if (entry.stands_aside) {
    const auto prospect = ledger_.prospect(claims_for(entry.wish));
    return prospect ? describe(*prospect, now) : prospect.error().message;
  }
  const sched::Standing standing = scheduler_.explain(entry.claim, ticks(now));
  const auto cores = [](std::int64_t thousandths) {
    return to_text(Json(static_cast<double>(thousandths) / kPerCore));
  };
  std::string words = "waits, with " + std::to_string(standing.ahead) + " of " +
                      std::to_string(standing.waiting) + " waiting jobs before it: wants " +
                      cores(standing.processors) + " cores, " + cores(standing.free) + " of " +
                      cores(standing.capacity) + " for jobs are free";
  if (standing.time != sched::kNever) {
    words += standing.is_reserved ? "; reserved to start in " : "; believed to start in ";
    words +=
        to_text(Json(static_cast<double>(std::max<Ticks>(standing.time - ticks(now), 0)) / 1e3)) +
        " s";
  }
  return words;
}

}  // namespace aion::jobs
