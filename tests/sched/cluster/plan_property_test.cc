// What must hold for the plan on any cluster and any sequence of events, against plain rules that
// try everything; events are drawn at random from fixed seeds.
#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <optional>
#include <random>
#include <sstream>

#include <gtest/gtest.h>

#include "sched/cluster/open_admission.h"
#include "sched/cluster/placements.h"
#include "sched/cluster/plan.h"
#include "tests/sched/cluster/reference.h"
#include "tests/sched/cluster/shapes.h"
#include "tests/sched/cluster/team_quotas.h"

namespace aion::sched {

namespace {

using Action = GangDecision::Action;
using testing::cluster_of;
using testing::gang_of;
using testing::node_of;
using testing::part;
using testing::PlainCluster;
using testing::TeamQuotas;
using testing::whole;

class Random {
 public:
  explicit Random(std::uint32_t seed) : random_(seed) {}
  std::int32_t below(std::int32_t bound) {
    return static_cast<std::int32_t>(random_() % static_cast<std::uint32_t>(bound));
  }

 private:
  std::mt19937 random_;
};

/// 1 to `bound`.
std::size_t members_below(Random& random, std::int32_t bound) {
  return std::size_t{1} + static_cast<std::size_t>(random.below(bound));
}

MemberShape random_shape(Random& random) {
  switch (random.below(4)) {
    case 0:
      return whole(1 + random.below(2), 1000 + 1000 * random.below(20));
    case 1:
      return whole(0, 8000 + 1000 * random.below(30));
    default:
      return part(100 + 100 * random.below(9));
  }
}

/// What a running claim loses when it is killed, as the header of the cost model says.
std::int64_t loss_of(const HeldGang& held, Ticks now) {
  std::int64_t weight = 0;
  for (const Grant& grant : held.grants) {
    (void)grant;
    const MemberShape& shape = held.gang.members.front();
    weight += std::int64_t{shape.gpus} * shape.gpu_milli * 100 + shape.cpu_milli;
  }
  return (now - held.saved_at + held.gang.restart_cost) * std::max<std::int64_t>(weight / 100, 1);
}

/// A small cluster full of claims of low priority, some of which nobody may stop.
class FullCluster {
 public:
  FullCluster(Random& random, const PlacementPolicy& policy, bool has_small_claims = false)
      : cluster_(has_small_claims ? cluster_of({node_of(1), node_of(1)})
                                  : cluster_of({node_of(2, 0), node_of(2, 0), node_of(2, 1)})),
        plan_(cluster_, policy, admission_) {
    for (Ticks now = 0; now < (has_small_claims ? 11 : 9); ++now) {
      Gang gang = has_small_claims ? gang_of(part(100 + 50 * random.below(7)))
                                   : gang_of(random_shape(random), members_below(random, 2));
      gang.id = static_cast<std::uint64_t>(now);
      gang.is_preemptible = random.below(5) > 0;
      gang.priority = random.below(3);
      gang.restart_cost = 1 + random.below(50);
      const GangId id = *plan_.submit(gang, now);
      std::vector<GangDecision> out;
      if (plan_.held(id).state == GangState::Waiting && !starts_alone(id, now, out)) {
        plan_.finish(id, now);
      } else {
        running_.push_back(id);
      }
    }
  }

  /// The cluster as it would be without the claims of the set.
  [[nodiscard]] PlainCluster without(std::uint32_t set) const {
    PlainCluster plain = testing::plain(cluster_);
    for (std::size_t at = 0; at < running_.size(); ++at) {
      if ((set >> at & 1) != 0) {
        continue;
      }
      const HeldGang& held = plan_.held(running_[at]);
      for (std::size_t member = 0; member < held.grants.size(); ++member) {
        testing::take(plain, held.grants[member], held.gang.members[member], 1);
      }
    }
    return plain;
  }

  /// The cheapest set that makes room for the gang, by trying all.
  [[nodiscard]] std::optional<std::int64_t> least_cost(const Gang& gang, Ticks now) const {
    std::optional<std::int64_t> least;
    for (std::uint32_t set = 0; set < 1U << running_.size(); ++set) {
      const std::optional<std::int64_t> cost = cost_of(set, gang, now);
      if (cost && (!least || *cost < *least) && testing::fits(without(set), gang)) {
        least = cost;
      }
    }
    return least;
  }

  /// Nothing when somebody of the set may not be stopped.
  [[nodiscard]] std::optional<std::int64_t> cost_of(std::uint32_t set,
                                                    const Gang& gang,
                                                    Ticks now) const {
    std::int64_t cost = 0;
    for (std::size_t at = 0; at < running_.size(); ++at) {
      const HeldGang& held = plan_.held(running_[at]);
      if ((set >> at & 1) == 0) {
        continue;
      }
      if (!held.gang.is_preemptible || held.gang.priority >= gang.priority) {
        return std::nullopt;
      }
      cost += loss_of(held, now);
    }
    return cost;
  }

  [[nodiscard]] std::uint32_t set_of(const std::vector<GangDecision>& decisions) const {
    std::uint32_t set = 0;
    for (const GangDecision& decision : decisions) {
      for (std::size_t at = 0; at < running_.size(); ++at) {
        const bool is_stopped = decision.action == Action::Stop && running_[at] == decision.gang;
        set |= is_stopped ? 1U << at : 0;
      }
    }
    return set;
  }

  [[nodiscard]] Plan& plan() { return plan_; }

 private:
  bool starts_alone(GangId id, Ticks now, std::vector<GangDecision>& out) {
    // Only where there is room: nobody is stopped while the cluster fills.
    return plan_.explain(id).kind == Obstacle::Kind::None && plan_.try_start(id, now, out);
  }

  Cluster cluster_;
  OpenAdmission admission_;
  Plan plan_;
  std::vector<GangId> running_;
};

class PlanOnEveryPlacement : public ::testing::TestWithParam<PlacementPolicy> {};

/// What became of one claim on a full cluster, and that cluster as it was before.
struct Attempt {
  Gang gang;
  FullCluster before;
  std::optional<std::int64_t> least;  // the cost of the cheapest victims, by trying all
  bool has_started = false;
  std::uint32_t victims = 0;

  /// One member meets, with every other seed, a cluster of many small claims.
  Attempt(const PlacementPolicy& policy, std::uint32_t seed, std::size_t members)
      : Attempt(policy, seed, members, Random(seed)) {}

  /// Empty when the victims may be stopped, and none of them can be left out.
  [[nodiscard]] std::string problem() const {
    if (!before.cost_of(victims, gang, kNow)) {
      return "somebody was stopped who may not be";
    }
    for (std::uint32_t left = victims; left != 0; left &= left - 1) {
      const std::uint32_t one = left & (~left + 1);
      if (testing::fits(before.without(victims & ~one), gang)) {
        return "somebody was stopped who was in nobody's way";
      }
    }
    return "";
  }

  static constexpr Ticks kNow = 100;

 private:
  Attempt(const PlacementPolicy& policy, std::uint32_t seed, std::size_t members, Random again)
      : before(again, policy, members == 1 && seed % 2 == 0) {
    const bool is_small = members == 1 && seed % 2 == 0;
    Random random(seed);
    FullCluster bed(random, policy, is_small);
    gang = gang_of(is_small ? part(400 + 50 * random.below(8)) : random_shape(random), members, 2);
    gang.nearness = Nearness::Rack;
    gang.is_nearness_required = seed % 4 < 2;
    least = before.least_cost(gang, kNow);
    std::vector<GangDecision> out;
    has_started = bed.plan().try_start(*bed.plan().submit(gang, kNow), kNow, out);
    victims = before.set_of(out);
  }
};

using Seeds = std::vector<std::uint32_t>;

TEST_P(PlanOnEveryPlacement, StopsTheCheapestVictimsForAClaimOfOneMember) {
  Seeds wrong;
  int stopped = 0;
  for (std::uint32_t seed = 0; seed < 150; ++seed) {
    const Attempt attempt(GetParam(), seed, 1);
    stopped += attempt.victims != 0 ? 1 : 0;
    const auto cost = attempt.before.cost_of(attempt.victims, attempt.gang, Attempt::kNow);
    if ((attempt.has_started ? cost : std::nullopt) != attempt.least) {
      wrong.push_back(seed);
    }
  }
  EXPECT_EQ(wrong, Seeds{});
  EXPECT_GT(stopped, 30);
}

TEST_P(PlanOnEveryPlacement, StopsNobodyForAGangWhoCouldBeLeftOut) {
  Seeds wrong;
  int stopped = 0;
  for (std::uint32_t seed = 0; seed < 150; ++seed) {
    const Attempt attempt(GetParam(), seed, 2 + seed % 2);
    stopped += attempt.victims != 0 ? 1 : 0;
    if (attempt.has_started != attempt.least.has_value() || !attempt.problem().empty()) {
      wrong.push_back(seed);
    }
  }
  EXPECT_EQ(wrong, Seeds{});
  EXPECT_GT(stopped, 30);
}

constexpr std::array<std::int64_t, 3> kQuotas{9000, 6000, 3000};

/// What random events are made of.
struct Weather {
  std::array<std::int64_t, 3> quotas = kQuotas;
  std::int32_t most_members = 4;
  Ticks patience = 200;
};

/// Drives a plan with random events and holds its decisions against an account of its own.
class Driver {
 public:
  Driver(const PlacementPolicy& policy, std::uint32_t seed, const Weather& weather = {})
      : weather_(weather),
        random_(seed),
        cluster_(cluster_of({node_of(4, 0), node_of(4, 0, 1), node_of(2, 1), node_of(8, 1)})),
        quotas_(std::vector<std::int64_t>(weather.quotas.begin(), weather.quotas.end())),
        plan_(cluster_, policy, quotas_.tree(), {.patience = weather.patience}) {}

  void run(int end, int begin = 0) {
    for (now_ = begin; now_ < end; ++now_) {
      std::vector<GangDecision> out;
      act(out);
      account(out);
      out.clear();
      plan_.decide(now_, out);
      account(out);
      has_stopped_ = std::any_of(out.begin(), out.end(), [](const GangDecision& decision) {
        return decision.action == Action::Stop;
      });
      ASSERT_EQ(problem(), "") << "at " << now_;
    }
  }

  /// Ends everything; the cluster must be as it was.
  void finish() {
    while (!gangs_.empty()) {
      end(gangs_.begin()->first);
    }
    for (NodeIndex node = 0; node < cluster_.size(); ++node) {
      plan_.restore_node(node);
      EXPECT_EQ(cluster_.free(node), empty_state(cluster_.spec(node)));
    }
    EXPECT_EQ(quotas_.used(), (std::vector<std::int64_t>{0, 0, 0}));
  }

  /// As run(), and after each decision tries everybody who waits: nobody may start whom the
  /// decision has left out. Who was stopped last is looked at with the next decision only.
  void run_and_try_all(int steps) {
    for (int step = 1; step <= steps; ++step) {
      run(step, step - 1);
      std::vector<GangDecision> missed;
      for (const auto& [id, known] : gangs_) {
        const bool waits = plan_.held(id).state != GangState::Running;
        if (waits && !has_stopped_ && plan_.try_start(id, now_, missed)) {
          FAIL() << "claim " << known.gang.id << " was left out at " << now_;
        }
      }
    }
  }

  [[nodiscard]] std::string log() const { return log_.str(); }
  [[nodiscard]] const std::map<Action, int>& counts() const { return counts_; }

 private:
  struct Known {
    Gang gang;
    std::vector<Grant> grants;
    bool is_suspended = false;
  };

  void act(std::vector<GangDecision>& out) {
    const int what = random_.below(20);
    if (what < 9) {
      submit();
    } else if (what < 16 && !gangs_.empty()) {
      auto one = gangs_.begin();
      std::advance(one, random_.below(static_cast<std::int32_t>(gangs_.size())));
      end(one->first);
    } else if (what == 16) {
      plan_.lose_node(node(), now_, out);
    } else if (what > 16) {
      plan_.restore_node(node());
    }
  }

  NodeIndex node() { return static_cast<NodeIndex>(random_.below(4)); }

  void submit() {
    Gang gang = gang_of(random_shape(random_), members_below(random_, weather_.most_members));
    gang.id = ++submitted_;
    gang.queue = static_cast<QueueIndex>(random_.below(3));
    gang.priority = random_.below(4);
    gang.least = static_cast<std::size_t>(random_.below(2));
    gang.is_preemptible = random_.below(4) > 0;
    gang.may_checkpoint = random_.below(2) == 0;
    gang.may_suspend = random_.below(2) == 0;
    for (MemberShape& member : gang.members) {
      member.gpu_memory_mib = 20'000;
    }
    gang.grace = random_.below(5);
    gang.restart_cost = random_.below(20);
    gangs_[*plan_.submit(gang, now_)] = {gang, {}};
  }

  void end(GangId id) {
    plan_.finish(id, now_);
    gangs_.erase(id);
  }

  void account(const std::vector<GangDecision>& out) {
    for (const GangDecision& decision : out) {
      Known& known = gangs_.at(decision.gang);
      ++counts_[decision.action];
      write(decision);
      const bool is_stop = decision.action == Action::Stop;
      ASSERT_TRUE(!is_stop || is_allowed(decision, known.gang)) << "claim " << decision.id;
      const bool keeps_memory = is_stop && decision.way == StopWay::Suspend;
      if (!keeps_memory) {
        known.grants = decision.grants;
      }
      known.is_suspended =
          keeps_memory || (known.is_suspended && decision.action == Action::Shrink);
    }
  }

  void write(const GangDecision& decision) {
    log_ << now_ << ' ' << static_cast<int>(decision.action) << ' ' << decision.id << ' '
         << static_cast<int>(decision.way);
    for (const Grant& grant : decision.grants) {
      log_ << ' ' << grant.node << ':' << grant.gpus;
    }
    log_ << '\n';
  }

  [[nodiscard]] bool is_allowed(const GangDecision& stop, const Gang& victim) const {
    if (stop.reason == StopReason::Loss) {
      return true;
    }
    const bool may_stop = stop.reason == StopReason::Reclaim
                              ? is_reclaim(stop, victim)
                              : victim.priority < priority_of(stop.for_id);
    return victim.is_preemptible && may_stop &&
           (stop.way != StopWay::Checkpoint || victim.may_checkpoint) &&
           (stop.way != StopWay::Suspend || victim.may_suspend);
  }

  [[nodiscard]] auto find(std::uint64_t id) const {
    return std::find_if(gangs_.begin(), gangs_.end(), [&](const auto& known) {
      return known.second.gang.id == id;
    });
  }

  /// Whether the victim's team has more than its quota up to this stop, and the claimant's less.
  [[nodiscard]] bool is_reclaim(const GangDecision& stop, const Gang& victim) const {
    const auto at = find(stop.for_id);
    if (at == gangs_.end()) {
      return false;
    }
    const QueueIndex claimant = at->second.gang.queue;
    return claimant != victim.queue && used_by(victim.queue) > weather_.quotas[victim.queue] &&
           used_by(claimant) < weather_.quotas[claimant];
  }

  /// Thousandths of GPUs that the team's gangs hold, by the decisions so far.
  [[nodiscard]] std::int64_t used_by(QueueIndex team) const {
    std::int64_t used = 0;
    for (const auto& [id, known] : gangs_) {
      for (std::size_t member = 0; member < known.grants.size(); ++member) {
        const MemberShape& wants = known.gang.members[member];
        const bool counts = known.gang.queue == team && !known.is_suspended;
        used += counts ? std::int64_t{wants.gpus} * wants.gpu_milli : 0;
      }
    }
    return used;
  }

  [[nodiscard]] std::int32_t priority_of(std::uint64_t id) const {
    const auto at = find(id);
    return at == gangs_.end() ? -1 : at->second.gang.priority;
  }

  /// Adds up who holds what, and compares it with what there is and with the plan's own books.
  /// Empty when all is well.
  [[nodiscard]] std::string problem() const {
    PlainCluster free = testing::plain(cluster_);
    std::vector<std::int64_t> used(3);
    for (const auto& [id, known] : gangs_) {
      const std::size_t members = known.grants.size();
      const bool is_stranded = members != 0 && members < known.gang.least_members();
      const bool is_as_told = plan_.held(id).grants == known.grants;
      if (is_stranded || !is_as_told || !add_up(known, free, used)) {
        return "claim " + std::to_string(known.gang.id) + " holds what it should not";
      }
    }
    if (quotas_.used() != used || used[0] + used[1] + used[2] > 18'000) {
      return "the queues have more than they may, or are charged for what they have not";
    }
    for (NodeIndex node = 0; node < cluster_.size(); ++node) {
      if (!is_as_booked(free[node], cluster_.free(node))) {
        return "node " + std::to_string(node) + " is granted twice or lost something";
      }
    }
    return "";
  }

  /// False when a member has not the GPUs that it wants, or is on a node that is down.
  bool add_up(const Known& known, PlainCluster& free, std::vector<std::int64_t>& used) const {
    bool is_sound = true;
    for (std::size_t member = 0; member < known.grants.size(); ++member) {
      const Grant& grant = known.grants[member];
      const MemberShape& wants = known.gang.members[member];
      const MemberShape shape = known.is_suspended ? memory_of(wants) : wants;
      is_sound =
          is_sound && std::popcount(grant.gpus) == shape.gpus && cluster_.free(grant.node).is_up;
      testing::take(free, grant, shape, 1);
      used[known.gang.queue] += std::int64_t{shape.gpus} * shape.gpu_milli;
    }
    return is_sound;
  }

  static bool is_as_booked(const testing::PlainNode& node, const NodeState& booked) {
    bool is_same = node.cpu >= 0 && node.memory >= 0 && node.cpu == booked.cpu_milli &&
                   node.memory == booked.memory_mib;
    for (std::size_t gpu = 0; gpu < node.gpus.size(); ++gpu) {
      is_same = is_same && node.gpus[gpu] >= 0 && node.gpus[gpu] == booked.gpu_milli[gpu];
    }
    return is_same;
  }

  Weather weather_;
  Random random_;
  Cluster cluster_;
  TeamQuotas quotas_;
  Plan plan_;
  std::map<GangId, Known> gangs_;
  std::map<Action, int> counts_;
  std::ostringstream log_;
  bool has_stopped_ = false;
  std::uint64_t submitted_ = 0;
  Ticks now_ = 0;
};

TEST_P(PlanOnEveryPlacement, GrantsNothingTwiceAndStrandsNoGang) {
  std::map<Action, int> counts;
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    Driver driver(GetParam(), seed);
    driver.run(1000);
    if (HasFatalFailure()) {
      FAIL() << "seed " << seed;
    }
    driver.finish();
    for (const auto& [action, count] : driver.counts()) {
      counts[action] += count;
    }
  }
  for (const Action action :
       {Action::Start, Action::Resume, Action::Stop, Action::Shrink, Action::Grow}) {
    EXPECT_GT(counts[action], 3) << static_cast<int>(action);
  }
}

TEST_P(PlanOnEveryPlacement, LeavesNobodyOutWhoCouldStart) {
  // Of one member and without borrowing: there the search for victims finds them if there are any.
  // For gangs it does not try everything, and what it finds changes with what stops cost by then.
  const Weather calm{{100'000, 100'000, 100'000}, 1, kNever};
  for (std::uint32_t seed = 0; seed < 12; ++seed) {
    Driver driver(GetParam(), seed, calm);
    driver.run_and_try_all(400);
    if (HasFatalFailure()) {
      return;
    }
  }
}

TEST_P(PlanOnEveryPlacement, DecidesTheSameForTheSameEvents) {
  Driver one(GetParam(), 3);
  Driver other(GetParam(), 3);

  one.run(400);
  other.run(400);

  EXPECT_FALSE(one.log().empty());
  EXPECT_EQ(one.log(), other.log());
}

INSTANTIATE_TEST_SUITE_P(Policies, PlanOnEveryPlacement, ::testing::ValuesIn(placements()));

}  // namespace
}  // namespace aion::sched
