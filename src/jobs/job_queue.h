// Which jobs get their leases now, and which are stopped for them: the scheduler's order over the
// ledger's account.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "jobs/job.h"
#include "resource/ledger.h"
#include "sched/scheduler.h"

namespace aion::jobs {

/// The scheduler counts cores, in thousandths, and gives the order, the reservations and the
/// predictions; what else a job wants (memory, GPUs) the ledger grants or refuses when it is the
/// job's turn. A job that lacks such a thing stands aside until there is enough of it, and is
/// passed by others for as long as its patience lasts.
///
/// Not thread-safe; the ledger may be used by others meanwhile.
class JobQueue {
 public:
  struct Rules {
    sched::Policy policy;
    double cores = 1;  // that jobs may hold together
    // Who has stood aside for so long is passed by nobody who came later.
    Duration patience = std::chrono::minutes(10);
    // What a job without a time limit is taken to run at most.
    Duration usual_limit = std::chrono::hours(24);
  };
  JobQueue(const Rules& rules, resource::Ledger& ledger, TimePoint now);

  /// What the job claims of the machine, all at once or nothing.
  ///
  /// fails   InvalidArgument when it can never be granted on this machine, with what is lacking
  [[nodiscard]] Result<std::vector<resource::Claim>> claims_of(const Job& job) const;

  /// The job waits from now on; `waited` is for how long it has done so before. Of a job in the
  /// queue nothing happens.
  void enter(const Job& job, Duration waited, TimePoint now);
  /// The job runs since a former life of the daemon, on the leases of its record. Before anything
  /// is granted.
  [[nodiscard]] Result<std::vector<resource::Lease>> adopt(const Job& job, TimePoint now);
  /// It has ended, was withdrawn, or is stopped: it neither waits nor runs.
  void leave(std::uint64_t number, TimePoint now);

  struct Grant {
    std::uint64_t number = 0;
    std::vector<resource::Lease> leases;  // in the order of claims_of()
  };
  struct Decisions {
    std::vector<Grant> grants;
    std::vector<std::uint64_t> preempted;  // have left the queue; they are to be stopped
  };
  [[nodiscard]] Decisions decide(TimePoint now);

  /// When decide() is to be called though nothing happens until then; kNever = not for time's sake.
  [[nodiscard]] TimePoint wake_at() const;

  /// Why a job that waits does so, in one sentence.
  [[nodiscard]] std::string why(std::uint64_t number, TimePoint now);

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  /// What a job claims of the machine.
  struct Wish {
    std::string holder;
    resource::Quantity member;
    std::uint32_t members = 1;
    double gpus = 0;  // of each member
    Bytes gpu_memory{};

    [[nodiscard]] bool is_within(const Wish& larger) const;
  };
  struct Entry {
    sched::Claim wanted;
    Wish wish;
    sched::ClaimId claim = 0;
    bool stands_aside = false;  // not in the scheduler's books
  };
  [[nodiscard]] sched::Ticks ticks(TimePoint time) const;
  [[nodiscard]] sched::Claim claim_for(const Job& job, sched::Ticks arrival) const;
  void call_back(TimePoint now);
  [[nodiscard]] sched::Ticks barrier(TimePoint now) const;
  bool start(std::uint64_t number, TimePoint now, Decisions& out);
  [[nodiscard]] static Wish wish_of(const Job& job);
  void choose_gpus(const Wish& wish, std::vector<resource::Claim>& claims) const;
  [[nodiscard]] std::vector<resource::Claim> claims_for(const Wish& wish) const;

  Rules rules_;
  resource::Ledger& ledger_;
  TimePoint zero_;
  sched::Scheduler scheduler_;
  std::unordered_map<std::uint64_t, Entry> entries_;              // by the job's number
  std::map<std::pair<sched::Ticks, std::uint64_t>, bool> aside_;  // by arrival and number
};

}  // namespace aion::jobs
