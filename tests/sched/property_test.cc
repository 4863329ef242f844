// What must hold for every policy on any sequence of events; the events are drawn at random from
// fixed seeds.
#include <map>
#include <queue>
#include <random>

#include <gtest/gtest.h>

#include "sched/policies.h"
#include "sched/scheduler.h"

namespace aion::sched {

std::ostream& operator<<(std::ostream& out, const NamedPolicy& policy) {
  return out << policy.name;
}

namespace {

constexpr std::int32_t kProcessors = 16;

struct Job {
  Ticks arrival;
  Ticks runtime;
  Ticks request;
  std::int32_t processors;
  Ticks start = -1;
  Ticks promised = kNever;  // when it was told that it would start
  bool has_ended = false;
};

std::vector<Job> random_jobs(std::uint32_t seed, std::size_t count) {
  std::mt19937 random(seed);
  const auto below = [&](std::uint32_t bound) {
    return static_cast<Ticks>(random() % bound);
  };
  std::vector<Job> jobs;
  Ticks now = 0;
  for (std::size_t i = 0; i < count; ++i) {
    now += below(3) == 0 ? 0 : below(20);  // many at one instant
    Job job{now, 1 + below(60), 0, static_cast<std::int32_t>(1 + below(below(4) == 0 ? 16 : 5))};
    job.request = job.runtime + (below(3) == 0 ? 0 : below(200));
    jobs.push_back(job);
  }
  return jobs;
}

/// Drives a scheduler as a machine would and holds its decisions against an account of its own.
class Machine {
 public:
  Machine(const Policy& policy, std::vector<Job> jobs)
      : policy_(policy),
        scheduler_(policy, kProcessors),
        jobs_(std::move(jobs)),
        left_(jobs_.size()) {
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      left_[i] = jobs_[i].runtime;
    }
  }

  void run() {
    while (true) {
      Ticks now = scheduler_.wake_at();
      now = arrived_ < jobs_.size() ? std::min(now, jobs_[arrived_].arrival) : now;
      for (const auto& [id, run] : running_) {
        now = std::min(now, run.end);
      }
      if (now == kNever) {
        return;
      }
      step(now);
      if (::testing::Test::HasFatalFailure()) {
        return;
      }
    }
  }

  [[nodiscard]] const std::vector<Job>& jobs() const { return jobs_; }
  [[nodiscard]] const std::vector<std::string>& log() const { return log_; }

 private:
  struct Running {
    ClaimId claim;
    Ticks end;
    Ticks started;
    Ticks overhead;
  };

  void step(Ticks now) {
    for (auto at = running_.begin(); at != running_.end();) {
      if (at->second.end != now) {
        ++at;
        continue;
      }
      scheduler_.finish(at->second.claim, now);
      jobs_[at->first].has_ended = true;
      at = running_.erase(at);
    }
    for (; arrived_ < jobs_.size() && jobs_[arrived_].arrival == now; ++arrived_) {
      const Job& job = jobs_[arrived_];
      Claim claim;
      claim.id = arrived_;
      claim.arrival = now;
      claim.request = job.request;
      claim.runtime = job.runtime;
      claim.processors = job.processors;
      claim.user = static_cast<std::int32_t>(arrived_ % 5);
      claim.priority = static_cast<std::int32_t>(arrived_ % 3);
      waiting_[arrived_] = scheduler_.submit(claim, now);
    }
    std::vector<Decision> decisions;
    scheduler_.decide(now, decisions);
    for (const Decision& decision : decisions) {
      obey(decision, now);
    }
    check(now);
  }

  void obey(const Decision& decision, Ticks now) {
    const bool starts = decision.action == Decision::Action::Start;
    log_.push_back(std::to_string(now) + (starts ? " start " : " stop ") +
                   std::to_string(decision.id));
    if (starts) {
      start(decision, now);
    } else {
      stop(decision, now);
    }
  }

  void stop(const Decision& decision, Ticks now) {
    const std::size_t id = decision.id;
    ASSERT_EQ(policy_.discipline, Discipline::Preemptive)
        << "stopped by a policy that does not preempt";
    const Running run = running_.at(id);
    left_[id] -= std::max<Ticks>(0, now - run.started - run.overhead);
    running_.erase(id);
    waiting_[id] = decision.claim;
  }

  void start(const Decision& decision, Ticks now) {
    const std::size_t id = decision.id;
    ASSERT_EQ(waiting_.erase(id), 1U) << "started what did not wait";
    const Ticks overhead = jobs_[id].start < 0 ? 0 : policy_.restart_cost;
    jobs_[id].start = now;
    running_[id] = {decision.claim, now + overhead + left_[id], now, overhead};
    ASSERT_LE(used(), kProcessors) << "granted more than there is, at " << now;
  }

  void check(Ticks now) {
    ASSERT_EQ(scheduler_.free(), kProcessors - used());
    ASSERT_EQ(scheduler_.waiting(), waiting_.size());
    for (const auto& [id, claim] : waiting_) {
      const Standing standing = scheduler_.explain(claim, now);
      check_work(id, standing, now);
      check_promise(id, standing, now);
    }
  }

  /// Nothing lies that the policy would have started.
  void check_work(std::size_t id, const Standing& standing, Ticks now) const {
    const bool is_conserving =
        policy_.discipline == Discipline::Greedy || policy_.discipline == Discipline::Preemptive;
    // Under conservative backfilling the first may fit now and yet not for long enough beside a
    // reservation that is kept.
    const bool is_head = standing.ahead == 0 && policy_.discipline != Discipline::Conservative;
    if (is_conserving || is_head) {
      ASSERT_GT(jobs_[id].processors, standing.free)
          << "job " << id << " fits and waits, at " << now;
    }
  }

  /// A promise is made by conservative backfilling to everyone, by EASY in order of arrival to the
  /// head; nothing delays it.
  void check_promise(std::size_t id, const Standing& standing, Ticks now) {
    const bool is_by_arrival = policy_.discipline == Discipline::Easy &&
                               policy_.order == first_come &&
                               policy_.estimates != Estimates::Predicted;
    if (standing.is_reserved || (is_by_arrival && standing.ahead == 0)) {
      jobs_[id].promised = std::min(jobs_[id].promised, standing.time);
      ASSERT_EQ(standing.time, jobs_[id].promised) << "a reservation was put back, at " << now;
    }
  }

  [[nodiscard]] std::int64_t used() const {
    std::int64_t sum = 0;
    for (const auto& [id, run] : running_) {
      sum += jobs_[id].processors;
    }
    return sum;
  }

  Policy policy_;
  Scheduler scheduler_;
  std::vector<Job> jobs_;
  std::vector<Ticks> left_;
  std::map<std::size_t, ClaimId> waiting_;
  std::map<std::size_t, Running> running_;
  std::vector<std::string> log_;
  std::size_t arrived_ = 0;
};

class EveryPolicy : public ::testing::TestWithParam<NamedPolicy> {};

bool went_well(const Job& job) {
  return job.has_ended && job.start >= job.arrival && job.start <= job.promised;
}

TEST_P(EveryPolicy, GrantsNeverMoreThanThereIsKeepsItsPromisesAndEndsEveryJob) {
  for (const std::uint32_t seed : {1U, 2U, 3U, 4U}) {
    SCOPED_TRACE(seed);
    Machine machine(GetParam().policy, random_jobs(seed, 300));

    machine.run();

    EXPECT_TRUE(std::all_of(machine.jobs().begin(), machine.jobs().end(), went_well));
  }
}

TEST_P(EveryPolicy, DecidesTheSameTwice) {
  Machine first(GetParam().policy, random_jobs(7, 200));
  Machine second(GetParam().policy, random_jobs(7, 200));
  first.run();
  second.run();
  ASSERT_FALSE(first.log().empty());
  EXPECT_EQ(first.log(), second.log());
}

INSTANTIATE_TEST_SUITE_P(Policies,
                         EveryPolicy,
                         ::testing::ValuesIn(policies().begin(), policies().end()),
                         [](const auto& of) {
                           std::string name(of.param.name);
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

/// A wide, long claim on a machine that short, narrow ones could keep busy for ever. How long it
/// waits.
Ticks wait_of_the_wide(std::string_view policy, Ticks stream) {
  std::vector<Job> jobs;
  for (Ticks now = 0; now < stream; now += 60) {
    for (int i = 0; i < 17; ++i) {
      jobs.push_back({now, 60, 60, 1});
    }
    if (now == 600) {
      jobs.push_back({now, 3600, 90'000, kProcessors});
    }
  }
  Machine machine(*find_policy(policy), std::move(jobs));
  machine.run();
  const auto wide = std::find_if(machine.jobs().begin(), machine.jobs().end(), [](const Job& job) {
    return job.processors == kProcessors;
  });
  return wide->start - wide->arrival;
}

TEST(Starvation, IsWhatGreedyShortestFirstDoesToWideClaims) {
  EXPECT_GT(wait_of_the_wide("sjfg-req", 3000), 2300);
}

TEST(Starvation, IsBoundedByReservationsInOrderOfArrival) {
  EXPECT_LT(wait_of_the_wide("easy", 3000), 1200);
  EXPECT_LT(wait_of_the_wide("cons", 3000), 1200);
}

}  // namespace
}  // namespace aion::sched
