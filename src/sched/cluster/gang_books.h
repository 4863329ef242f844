// Which gangs wait, run or stand still, and what they hold.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "sched/cluster/cluster.h"
#include "sched/cluster/gang.h"

namespace aion::sched {

/// A gang that was submitted, by the plan's own number; reused once the gang has gone.
using GangId = std::uint32_t;

enum class GangState : std::uint8_t { Gone, Waiting, Running, Suspended };

/// What the books say of one gang.
struct HeldGang {
  Gang gang;
  GangState state = GangState::Gone;
  std::vector<Grant> grants;     // by member; empty while it waits
  std::uint64_t arrival = 0;     // rank by submission
  Ticks waited = 0;              // in all, up to its last start
  Ticks waits_since = 0;         // Waiting, Suspended: its submission or last stop
  bool has_waited_long = false;  // for the plan's patience: once it has, it is so to its end
  Ticks saved_at = 0;            // the work up to then is safe: its start, or its last checkpoint
  Ticks unsaved = 0;             // Suspended: how much work was not when it was suspended
};

/// The books of a plan: gangs, what each holds of the cluster, and what its queue is charged for.
/// Nothing is decided here.
///
/// Cluster and admission outlive it. Not thread-safe.
class GangBooks {
 public:
  GangBooks(Cluster& cluster, Admission& admission);

  GangId add(const Gang& gang, Ticks now);
  void remove(GangId id);  // one that holds nothing

  [[nodiscard]] const HeldGang& at(GangId id) const { return gangs_[id]; }
  [[nodiscard]] HeldGang& at(GangId id) { return gangs_[id]; }
  [[nodiscard]] std::size_t size() const { return gangs_.size(); }  // numbers in use or free
  [[nodiscard]] std::span<const GangId> on_node(NodeIndex node) const { return by_node_[node]; }

  /// Who holds something and may be stopped, by priority and queue: so that nobody is looked at one
  /// by one whose whole group does not come into question.
  using Group = std::pair<std::int32_t, QueueIndex>;
  [[nodiscard]] const std::map<Group, std::set<GangId>>& preemptible() const {
    return preemptible_;
  }

  /// Takes the grants, charges the queue.
  void start(GangId id, std::vector<Grant> grants, Ticks now);
  /// Gives all back; the gang waits again.
  void stop(GangId id, Ticks now);
  /// Gives back what is not memory; the members stay where they are.
  void suspend(GangId id, Ticks now);
  void resume(GangId id, Ticks now);
  /// Gives back the members whose place is not in `kept`; the gang holds the others.
  void shrink(GangId id, std::vector<Grant> kept);
  /// Takes places for more of its members; the gang runs, and its members are all alike.
  void grow(GangId id, const std::vector<Grant>& more);

  /// Where something was given back or restored, so that there may be room that was not there.
  [[nodiscard]] const NodeLog& freed() const { return freed_; }
  void note_freed(NodeIndex node) { freed_.note(node); }
  /// Counts what may have made room that no node tells: quotas that have changed.
  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }
  void note_quota() { ++epoch_; }

  /// What a member of the gang holds at its place now.
  [[nodiscard]] static MemberShape held_shape(const HeldGang& held, std::size_t member);
  /// What all its members hold together: what its queue is charged for.
  [[nodiscard]] static Resources held_resources(const HeldGang& held);

 private:
  void list(GangId id, bool is_there);
  void give_all(const HeldGang& held);

  Cluster& cluster_;
  Admission& admission_;
  std::vector<HeldGang> gangs_;
  std::vector<GangId> free_ids_;
  std::map<Group, std::set<GangId>> preemptible_;
  std::vector<std::vector<GangId>> by_node_;  // each gang once, in order of number
  std::uint64_t arrivals_ = 0;
  NodeLog freed_;
  std::uint64_t epoch_ = 1;
};

}  // namespace aion::sched
