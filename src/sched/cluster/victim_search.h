// Finds whom to stop for a gang that has no room.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sched/cluster/gang_books.h"
#include "sched/cluster/gang_placer.h"
#include "sched/cluster/stop_cost.h"

namespace aion::sched {

struct Victim {
  GangId gang;
  StopTerms terms;
  bool is_reclaimed;  // it goes because its queue has borrowed, not for its priority

  bool operator==(const Victim& other) const { return gang == other.gang; }
};

/// Whom to stop, and where the gang is then; the books are as they were.
struct Preemption {
  std::vector<Victim> victims;
  std::vector<Grant> grants;
  std::int64_t cost = 0;
};

/// Looks for the cheapest victims. Nobody is one who is not preemptible, nor of equal or higher
/// priority, unless its queue has borrowed what the claimant's may reclaim. Of another queue, who
/// has borrowed nothing is stopped only for a claimant that stays within its own quota.
///
/// A member's victims on one node are the cheapest set there is where at most kExact come into
/// question, else a set from which none can be left out; for a gang they are added up member after
/// member, and those that turn out unneeded dropped. Either all may be suspended that allow it, or
/// none: the cheaper of the two is taken.
///
/// What it refers to outlives it, and is as before after each call.
class VictimSearch {
 public:
  static constexpr std::size_t kExact = 10;

  struct Parts {
    Cluster& cluster;
    GangBooks& books;
    PlacementIndex& index;
    GangPlacer& placer;
    Admission& admission;
  };
  explicit VictimSearch(const Parts& parts) : parts_(parts) {}

  /// Nothing when no allowed victims make room for the gang's least members on these nodes, which
  /// are in order of their numbers; none means all. Of named nodes only victims there are looked
  /// at, so the claimant's queue must have the quota already.
  [[nodiscard]] std::optional<Preemption> find(GangId claimant,
                                               Ticks now,
                                               const std::vector<NodeIndex>& nodes = {});

  /// What would be free on the node if all were stopped who may be for this claimant.
  [[nodiscard]] NodeState free_without_victims(GangId claimant, NodeIndex node);
  /// A number that is the same for as long as the queue may reclaim from the same others.
  [[nodiscard]] std::uint64_t reclaimable(QueueIndex queue, const Resources& wanted) const;

 private:
  /// Stops that are tried: undone when it goes.
  class Trial;
  /// The best victims on one node, as far as they are known.
  struct NodeSearch;

  void begin(GangId claimant);
  enum class Right : std::uint8_t { None, Priority, Reclaim };
  [[nodiscard]] Right right_to_stop(const HeldGang& held) const;
  void list_candidates(Ticks now, bool may_suspend, const std::vector<NodeIndex>& nodes);
  void add_candidate(GangId gang, Ticks now, bool may_suspend);
  [[nodiscard]] bool may_stop_now(const Victim& victim) const;
  [[nodiscard]] const Victim* candidate(GangId gang) const;
  [[nodiscard]] bool may_reclaim_from(QueueIndex queue) const;

  [[nodiscard]] std::optional<Preemption> search_domains(const std::vector<NodeIndex>& nodes);
  [[nodiscard]] std::optional<Preemption> search(const std::vector<NodeIndex>& nodes);
  [[nodiscard]] std::optional<std::vector<Victim>> find_victims(
      const std::vector<NodeIndex>& nodes);
  [[nodiscard]] std::optional<Victim> cheapest_for_quota(const Trial& trial) const;
  bool make_room(const MemberShape& shape, const std::vector<NodeIndex>& nodes, Trial& trial);
  bool make_quota(Trial& trial);
  [[nodiscard]] std::vector<Grant> grants_without(const std::vector<Victim>& victims);
  void drop_unneeded(std::vector<Victim>& victims);

  [[nodiscard]] NodeSearch search_nodes(const MemberShape& shape,
                                        const std::vector<NodeIndex>& nodes,
                                        const Trial& trial) const;
  void search_node(NodeSearch& search, const Trial& trial) const;
  void search_subsets(NodeSearch& search, std::size_t next, std::int64_t cost) const;
  void search_greedily(NodeSearch& search) const;
  void free_on_node(NodeState& state, NodeIndex node, const Victim& victim) const;
  void choose(NodeSearch& search, const Victim& victim) const;
  void unchoose(NodeSearch& search, const Victim& victim) const;
  [[nodiscard]] bool has_room(const NodeSearch& search) const;

  Parts parts_;
  GangId claimant_ = 0;
  Resources wanted_;  // by the claimant's least members
  bool is_granted_ = false;
  std::vector<Victim> candidates_;  // in order of gang
  std::vector<NodeIndex> nodes_;    // on which one of them is, in order
};

}  // namespace aion::sched
