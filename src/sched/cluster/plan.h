// Who of those who want a part of a cluster gets it, where, and who is stopped for them: gangs,
// quotas, topology and preemption in one pass.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "sched/cluster/gang_books.h"
#include "sched/cluster/gang_placer.h"
#include "sched/cluster/placement_index.h"
#include "sched/cluster/victim_search.h"

namespace aion::sched {

/// Why a gang was stopped.
enum class StopReason : std::uint8_t {
  Priority,  // a claim of higher priority needs its room
  Reclaim,   // its queue had borrowed, and whose it is wants it back
  Loss,      // what it lost left fewer members than it needs
};

/// What the driver is to do. The books take it as done.
struct GangDecision {
  enum class Action : std::uint8_t {
    Start,   // each member at its grant
    Resume,  // at the grants where it was suspended
    Stop,    // it waits again, or stands suspended; the driver tells it in the way of `way`
    Shrink,  // it goes on with the members at these grants
    Grow,    // the same with more of them than it had: those at the end of the grants are new
  };

  Action action;
  GangId gang;
  std::uint64_t id;                          // Gang::id
  std::vector<Grant> grants;                 // all but Stop
  StopWay way = StopWay::Kill;               // Stop
  StopReason reason = StopReason::Priority;  // Stop
  std::uint64_t for_id = 0;                  // Stop: Gang::id of whom it makes room for
  /// Start: when its room is vacant, since who was told to save its state has its grace; Stop: when
  /// its grace ends. Else the time of the decision.
  Ticks at = 0;
};

/// Why a gang that waits does not start.
struct Obstacle {
  enum class Kind : std::uint8_t {
    None,      // nothing: it starts with the next decision
    Never,     // not on this cluster, whatever ends
    Quota,     // its queue may have no more
    GpuModel,  // the nodes that are up have no GPU of a model that it may run on
    Gpus,      // too few free GPUs, or parts of them, on one node
    Memory,    // a node with that much memory free
    Cpu,       // a node with that many cores free
    Members,   // room for some of its members, not for the least
    Nearness,  // room, but not near each other as it requires
    Turn,      // somebody before it has waited so long that nobody passes it
  };
  Kind kind = Kind::None;
  std::string words;  // for people
};

struct PlanOptions {
  bool learns_mix = true;  // what is submitted counts as the typical workload
  /// Who has waited that long, in all, goes before all others, is passed by nobody, and makes room
  /// for no higher priority once it runs; so every wait is bounded by it and by what runs then.
  /// kNever = priority and luck decide for ever. The usual one is a day and a half of seconds.
  Ticks patience = 129'600;
};

/// The plan of one cluster. It never reads a clock: the driver tells each event with its time, and
/// then asks for decisions. Gangs are looked at by priority, then in order of submission; what does
/// not fit is passed, for as long as PlanOptions::patience lasts. What is left when nobody else
/// fits goes to running gangs that have fewer members than they can use.
///
/// Cluster and admission outlive it, and nobody else changes the cluster. Not thread-safe; no call
/// blocks or throws. A number that is not in the books is a bug of the driver.
class Plan {
 public:
  Plan(Cluster& cluster,
       const PlacementPolicy& policy,
       Admission& admission,
       const PlanOptions& options = {});

  /// InvalidArgument when the gang is not sound (see check).
  [[nodiscard]] Result<GangId> submit(const Gang& gang, Ticks now);

  /// It has ended, was stopped for good or withdrawn.
  void finish(GangId gang, Ticks now);

  /// A running gang has saved its state by itself.
  void note_checkpoint(GangId gang, Ticks now) { books_.at(gang).saved_at = now; }

  /// A node or GPU is lost. Who had members there goes on with the others, or, where they are fewer
  /// than its least, is stopped and waits again; a decision is appended for each.
  void lose_node(NodeIndex node, Ticks now, std::vector<GangDecision>& out);
  void lose_gpu(NodeIndex node, std::size_t gpu, Ticks now, std::vector<GangDecision>& out);
  void restore_node(NodeIndex node);
  void restore_gpu(NodeIndex node, std::size_t gpu);

  /// The quotas have changed: who did not fit is looked at again.
  void note_quota() { books_.note_quota(); }

  /// Appends what is to start and stop now.
  void decide(Ticks now, std::vector<GangDecision>& out);

  /// Tries one gang that waits, whatever its turn; for drivers with an order of their own. False
  /// when it did not start.
  bool try_start(GangId gang, Ticks now, std::vector<GangDecision>& out);

  /// Why the gang waits. Says what holds after the last `decide`.
  [[nodiscard]] Obstacle explain(GangId gang);

  [[nodiscard]] const HeldGang& held(GangId gang) const { return books_.at(gang); }
  [[nodiscard]] std::size_t waiting() const { return waiting_; }  // suspended ones, too
  [[nodiscard]] WorkloadMix& mix() { return index_.mix(); }

 private:
  struct Turn {
    bool has_waited_long;
    std::int32_t priority;
    std::uint64_t arrival;
    GangId gang;

    bool operator<(const Turn& other) const {
      if (has_waited_long != other.has_waited_long) {
        return has_waited_long;
      }
      const bool is_by_priority = !has_waited_long && priority != other.priority;
      return is_by_priority ? priority > other.priority : arrival < other.arrival;
    }
  };
  [[nodiscard]] Turn turn_of(GangId gang) const;

  /// What gangs that are alike have in common: where one did not fit, the others do not. The last
  /// number tells gangs apart that are like no other.
  using Likeness =
      std::tuple<QueueIndex, std::int32_t, Nearness, bool, std::size_t, MemberShape, std::uint64_t>;
  /// What was so when no room was found. While it is, and nothing has been given back where a
  /// member would fit even if all were stopped who may be, there is none.
  struct Failure {
    std::uint64_t epoch = 0;  // of the books; 0 = it has not been tried
    std::uint64_t freed = 0;
    Verdict verdict = Verdict::Denied;
    std::uint64_t reclaimable = 0;

    bool operator==(const Failure&) const = default;
  };
  struct Group {
    std::set<Turn> turns;
    Resources least;  // what the least members of one of its gangs want together
    Failure failure;  // of its first
  };
  /// Where a gang that found no room may find some now.
  struct Retry {
    bool is_due = true;
    std::vector<NodeIndex> nodes{};  // in order; empty = anywhere
  };
  [[nodiscard]] Failure failure_of(QueueIndex queue, const Resources& least) const;
  [[nodiscard]] Retry retry_of(GangId gang, const Group& group);
  [[nodiscard]] bool fits_without_victims(GangId gang, NodeIndex node, const Failure& since);
  void add_due(const Turn* behind, std::set<Turn>& turns);
  bool try_start_on(GangId gang,
                    const std::vector<NodeIndex>& nodes,
                    Ticks now,
                    std::vector<GangDecision>& out);
  [[nodiscard]] Likeness likeness(GangId gang) const;
  [[nodiscard]] Ticks end_of_patience(GangId gang) const;
  void enqueue(GangId gang);
  void dequeue(GangId gang);

  void prefer_who_has_waited_long(Ticks now);
  /// False when somebody who found no room is to be passed by nobody.
  bool pass(Ticks now, std::vector<GangDecision>& out);
  void add_first(const Likeness& key, std::set<Turn>& turns) const;
  void grow_who_is_short(Ticks now, std::vector<GangDecision>& out);
  [[nodiscard]] std::vector<Grant> place_more(GangId gang);
  void note_size(GangId gang);
  bool resume(GangId gang, Ticks now, std::vector<GangDecision>& out);
  [[nodiscard]] std::vector<Grant> place_free(const Gang& gang);
  void start(GangId gang, std::vector<Grant> grants, Ticks now, std::vector<GangDecision>& out);
  void stop(const Victim& victim, const Gang& claimant, Ticks now, std::vector<GangDecision>& out);
  void take_losses(GangId gang, Ticks now, std::vector<GangDecision>& out);
  [[nodiscard]] bool holds_up(GangId gang);

  enum class Installed : std::uint8_t {
    Ever,  // with what is lost
    Now,
  };
  /// Whether there is room when nothing is held.
  [[nodiscard]] bool could_fit(const Gang& gang, Installed installed) const;
  [[nodiscard]] Obstacle lack_of_room(const Gang& gang);

  Cluster& cluster_;
  Admission& admission_;
  PlanOptions options_;
  GangBooks books_;
  PlacementIndex index_;
  GangPlacer placer_;
  VictimSearch victims_;
  std::map<Likeness, Group> queue_;             // who waits or stands suspended; no group is empty
  std::set<std::pair<Ticks, GangId>> patient_;  // who waits, by when its patience ends
  /// Who runs with fewer members than it can use, and the epoch in which it found no room for more.
  std::map<GangId, Failure> short_;
  std::size_t waiting_ = 0;
  std::vector<Ticks> vacant_at_;  // by node: until then somebody there has its grace
  /// What free_without_victims() has said since the books last changed, for gangs of one queue and
  /// priority, which ask one after the other.
  struct Emptied {
    NodeIndex node;
    QueueIndex queue;
    std::int32_t priority;
    Failure since;
    NodeState state;
  };
  std::vector<Emptied> emptied_;
};

}  // namespace aion::sched
