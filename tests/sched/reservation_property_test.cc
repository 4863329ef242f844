// What must hold of reservations under every policy, whatever happens; drawn from fixed seeds and
// held against an account that the test keeps itself.
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "sched/policies.h"
#include "sched/scheduler.h"

namespace aion::sched {

std::ostream& operator<<(std::ostream& out, const NamedPolicy& policy);

namespace {

constexpr std::int32_t kProcessors = 16;
constexpr std::int32_t kUsers = 4;

struct Job {
  Claim claim;
  ClaimId id = 0;
  Ticks left = 0;
  Ticks started = -1;
  Ticks overhead = 0;
  bool has_come = false;
  bool runs = false;
  bool is_inside = false;
  bool has_ended = false;
  Ticks promised = kNever;
};

struct Window {
  ReservationId id = 0;
  AdvanceReservation kept;
};

enum class Plan : std::uint8_t {
  KnownMaintenance,  // all windows are there before the first job, and for nobody's claims
  Anything,          // they come and go at any time, and most are somebody's
};

class World {
 public:
  World(const Policy& policy, std::uint32_t seed, Plan plan)
      : policy_(policy), plan_(plan), random_(seed), scheduler_(policy, kProcessors) {
    Ticks now = 0;
    for (std::size_t i = 0; i < 150; ++i) {
      now += below(3) == 0 ? 0 : below(16);
      Job job;
      job.claim.id = i;
      job.claim.arrival = now;
      job.claim.runtime = 1 + below(60);
      job.claim.request = job.claim.runtime + (below(3) == 0 ? 0 : below(100));
      job.claim.processors = static_cast<std::int32_t>(1 + below(below(4) == 0 ? 16 : 5));
      job.claim.user = static_cast<std::int32_t>(below(kUsers));
      job.left = job.claim.runtime;
      jobs_.push_back(job);
    }
    for (int i = 0; i < 12; ++i) {
      reserve(0);
    }
  }

  void run() {
    while (true) {
      Ticks now = scheduler_.wake_at();
      now = arrived_ < jobs_.size() ? std::min(now, jobs_[arrived_].claim.arrival) : now;
      for (const Job& job : jobs_) {
        now = job.runs ? std::min(now, end_of(job)) : now;
      }
      if (now == kNever) {
        break;
      }
      ASSERT_GT(now, last_) << "woken twice for nothing";
      last_ = now;
      step(now);
      if (::testing::Test::HasFatalFailure()) {
        return;
      }
    }
    for (const Job& job : jobs_) {
      ASSERT_TRUE(job.has_ended) << job.claim.id;
    }
    if (plan_ == Plan::Anything) {
      ASSERT_GT(inside_, 0U) << "the test must see members";
    }
    ASSERT_TRUE(scheduler_.reservations().empty());
  }

  [[nodiscard]] const std::string& log() const { return log_; }

 private:
  Ticks below(std::uint32_t bound) { return static_cast<Ticks>(random_() % bound); }
  static Ticks end_of(const Job& job) { return job.started + job.overhead + job.left; }

  void reserve(Ticks now) {
    Window window;
    window.kept.start = now + below(now == 0 ? 900 : 200);
    window.kept.end = window.kept.start + 1 + below(150);
    window.kept.processors = static_cast<std::int32_t>(1 + below(kProcessors));
    const bool is_anybodys = plan_ == Plan::Anything;
    window.kept.user = is_anybodys ? static_cast<std::int32_t>(below(kUsers + 1)) - 1 : -1;
    const auto made = scheduler_.reserve(window.kept, now);
    if (made) {
      window.id = *made;
      windows_.push_back(window);
    }
  }

  void step(Ticks now) {
    for (Job& job : jobs_) {
      if (job.runs && end_of(job) == now) {
        scheduler_.finish(job.id, now);
        job.runs = false;
        job.has_ended = true;
      }
    }
    std::erase_if(windows_, [&](const Window& window) { return window.kept.end <= now; });
    if (plan_ == Plan::Anything && below(6) == 0) {
      reserve(now);
    }
    if (plan_ == Plan::Anything && !windows_.empty() && below(25) == 0) {
      cancel(now);
    }
    for (; arrived_ < jobs_.size() && jobs_[arrived_].claim.arrival == now; ++arrived_) {
      submit(jobs_[arrived_], now);
    }
    std::vector<Decision> decisions;
    scheduler_.decide(now, decisions);
    for (const Decision& decision : decisions) {
      obey(decision, now);
    }
    check(now);
  }

  void cancel(Ticks now) {
    const auto at = static_cast<std::size_t>(below(static_cast<std::uint32_t>(windows_.size())));
    const ReservationId id = windows_[at].id;
    ASSERT_TRUE(scheduler_.cancel(id, now));
    windows_.erase(windows_.begin() + static_cast<std::ptrdiff_t>(at));
    for (Job& job : jobs_) {
      job.is_inside = job.is_inside && job.claim.reservation != id;
    }
  }

  void submit(Job& job, Ticks now) {
    for (const Window& window : windows_) {
      job.claim.reservation = window.id;
      if (scheduler_.may_join(job.claim, now)) {
        break;
      }
      job.claim.reservation = 0;
    }
    job.id = scheduler_.submit(job.claim, now);
    job.has_come = true;
  }

  void obey(const Decision& decision, Ticks now) {
    Job& job = jobs_[decision.id];
    const bool starts = decision.action == Decision::Action::Start;
    log_ +=
        std::to_string(now) + (starts ? " start " : " stop ") + std::to_string(decision.id) + "\n";
    ASSERT_NE(job.runs, starts);
    if (!starts) {
      ASSERT_EQ(policy_.discipline, Discipline::Preemptive);
      ASSERT_FALSE(job.is_inside) << "a member was stopped";
      job.left -= std::max<Ticks>(0, now - job.started - job.overhead);
      job.runs = false;
      return;
    }
    job.overhead = job.started < 0 ? 0 : policy_.restart_cost;
    job.started = now;
    job.runs = true;
    job.is_inside = scheduler_.explain(job.id, now).inside.has_value();
    inside_ += job.is_inside ? 1 : 0;
  }

  /// What windows keep is kept, at this moment and, as far as requests go, in all that follows.
  void check(Ticks now) {
    std::vector<Ticks> times{now};
    for (const Window& window : windows_) {
      if (window.kept.start > now && policy_.discipline != Discipline::Preemptive) {
        times.push_back(window.kept.start);
      }
    }
    for (const Ticks time : times) {
      ASSERT_LE(outside_at(time, now) + kept_at(time), kProcessors) << "at " << time;
    }
    ASSERT_EQ(scheduler_.free(), kProcessors - outside_at(now, now) - kept_at(now));
    for (const Window& window : windows_) {
      check_inside(window, now);
    }
    for (Job& job : jobs_) {
      check_promise(job, now);
    }
  }

  void check_inside(const Window& window, Ticks now) const {
    std::int64_t used = 0;
    for (const Job& job : jobs_) {
      if (job.runs && job.is_inside && job.claim.reservation == window.id) {
        ASSERT_EQ(job.claim.user, window.kept.user);
        ASSERT_GE(job.started, window.kept.start);
        ASSERT_LE(job.started + job.claim.request, window.kept.end);
        ASSERT_LE(window.kept.start, now);
        used += job.claim.processors;
      }
    }
    ASSERT_LE(used, window.kept.processors);
  }

  /// Nobody who was told a time is put back: under conservative backfilling everybody, under EASY
  /// in order of arrival the head.
  void check_promise(Job& job, Ticks now) const {
    const bool is_easy = policy_.discipline == Discipline::Easy && policy_.order == first_come &&
                         policy_.estimates == Estimates::Requested;
    const bool is_promising = is_easy || policy_.discipline == Discipline::Conservative;
    const bool waits = job.has_come && !job.runs && !job.has_ended;
    if (plan_ == Plan::Anything || !is_promising || !waits) {
      return;
    }
    const Standing standing = scheduler_.explain(job.id, now);
    if (standing.is_reserved || (is_easy && standing.ahead == 0)) {
      ASSERT_LE(standing.time, job.promised) << job.claim.id << " was put back, at " << now;
      job.promised = standing.time;
    }
  }

  [[nodiscard]] std::int64_t outside_at(Ticks time, Ticks now) const {
    std::int64_t sum = 0;
    for (const Job& job : jobs_) {
      const bool may_run =
          job.runs && !job.is_inside && (time == now || job.started + job.claim.request > time);
      sum += may_run ? job.claim.processors : 0;
    }
    return sum;
  }

  [[nodiscard]] std::int64_t kept_at(Ticks time) const {
    std::int64_t sum = 0;
    for (const Window& window : windows_) {
      const bool holds = window.kept.start <= time && time < window.kept.end;
      sum += holds ? window.kept.processors : 0;
    }
    return sum;
  }

  Policy policy_;
  Plan plan_;
  std::mt19937 random_;
  Scheduler scheduler_;
  std::vector<Job> jobs_;
  std::vector<Window> windows_;
  std::string log_;
  std::size_t arrived_ = 0;
  std::size_t inside_ = 0;
  Ticks last_ = -1;
};

class ReservationUnder : public ::testing::TestWithParam<NamedPolicy> {};

TEST_P(ReservationUnder, IsKeptWholeWhateverComes) {
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    World world(GetParam().policy, seed, Plan::Anything);
    world.run();
    ASSERT_FALSE(HasFatalFailure());
  }
}

TEST_P(ReservationUnder, PutsNoPromiseBackWhenItWasMadeBefore) {
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    World world(GetParam().policy, seed, Plan::KnownMaintenance);
    world.run();
    ASSERT_FALSE(HasFatalFailure());
  }
}

TEST_P(ReservationUnder, DecidesTheSameTwice) {
  World first(GetParam().policy, 5, Plan::Anything);
  World second(GetParam().policy, 5, Plan::Anything);
  first.run();
  second.run();
  ASSERT_FALSE(first.log().empty());
  EXPECT_EQ(first.log(), second.log());
}

INSTANTIATE_TEST_SUITE_P(Policies,
                         ReservationUnder,
                         ::testing::ValuesIn(policies().begin(), policies().end()),
                         [](const auto& drawn) {
                           std::string name(drawn.param.name);
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace aion::sched
