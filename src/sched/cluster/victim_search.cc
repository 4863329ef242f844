#include "sched/cluster/victim_search.h"

#include <algorithm>
#include <iterator>
#include <limits>

namespace aion::sched {
namespace {

/// What stopping the victim gives back of one member.
MemberShape freed_shape(const HeldGang& held, const Victim& victim, std::size_t member) {
  const MemberShape shape = GangBooks::held_shape(held, member);
  return victim.terms.way == StopWay::Suspend ? compute_of(shape) : shape;
}

Resources freed_resources(const HeldGang& held, const Victim& victim) {
  Resources sum;
  for (std::size_t member = 0; member < held.grants.size(); ++member) {
    sum += resources_of(freed_shape(held, victim, member));
  }
  return sum;
}

bool is_cheaper(const Victim& one, const Victim& other) {
  return one.terms.cost != other.terms.cost ? one.terms.cost < other.terms.cost
                                            : one.gang < other.gang;
}

}  // namespace

class VictimSearch::Trial {
 public:
  explicit Trial(const Parts& parts) : parts_(parts), cluster_(parts.cluster) {}
  ~Trial() {
    for (auto victim = victims_.rbegin(); victim != victims_.rend(); ++victim) {
      const HeldGang& held = parts_.books.at(victim->gang);
      parts_.admission.charge(held.gang.queue, freed_resources(held, *victim));
    }
  }
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  void stop(const Victim& victim) {
    const HeldGang& held = parts_.books.at(victim.gang);
    for (std::size_t member = 0; member < held.grants.size(); ++member) {
      cluster_.give(held.grants[member], freed_shape(held, victim, member));
    }
    parts_.admission.refund(held.gang.queue, freed_resources(held, victim));
    victims_.push_back(victim);
  }

  [[nodiscard]] bool has_stopped(const Victim& victim) const {
    return std::find(victims_.begin(), victims_.end(), victim) != victims_.end();
  }
  [[nodiscard]] const std::vector<Victim>& victims() const { return victims_; }
  [[nodiscard]] Transaction& cluster() { return cluster_; }

 private:
  Parts parts_;
  Transaction cluster_;
  std::vector<Victim> victims_;
};

struct VictimSearch::NodeSearch {
  NodeIndex node;
  const MemberShape& shape;
  NodeState state;                 // with what was chosen given back
  std::vector<Victim> candidates;  // cheapest first
  std::vector<Victim> chosen;
  std::vector<Victim> best;
  std::int64_t best_cost;  // nothing that costs as much is of interest
};

void VictimSearch::begin(GangId claimant) {
  const HeldGang& held = parts_.books.at(claimant);
  claimant_ = claimant;
  wanted_ = resources_of(held.gang, held.gang.least_members());
  is_granted_ = parts_.admission.admits(held.gang.queue, wanted_) == Verdict::Granted;
}

std::optional<Preemption> VictimSearch::find(GangId claimant,
                                             Ticks now,
                                             const std::vector<NodeIndex>& nodes) {
  begin(claimant);
  list_candidates(now, true, nodes);
  std::optional<Preemption> best = search_domains(nodes);
  const bool are_suspended =
      std::any_of(candidates_.begin(), candidates_.end(), [](const Victim& candidate) {
        return candidate.terms.way == StopWay::Suspend;
      });
  if (are_suspended) {
    list_candidates(now, false, nodes);
    std::optional<Preemption> other = search_domains(nodes);
    if (other && (!best || other->cost < best->cost)) {
      best = std::move(other);
    }
  }
  return best;
}

std::optional<Preemption> VictimSearch::search_domains(const std::vector<NodeIndex>& nodes) {
  if (candidates_.empty()) {
    return std::nullopt;
  }
  if (!nodes.empty()) {
    return search(nodes);
  }
  const Gang& gang = parts_.books.at(claimant_).gang;
  const bool is_bound = gang.is_nearness_required && gang.members.size() > 1;
  std::optional<Preemption> best;
  for (const std::vector<NodeIndex>& domain :
       parts_.placer.domains(is_bound ? gang.nearness : Nearness::Anywhere)) {
    std::optional<Preemption> found = search(domain);
    if (found && (!best || found->cost < best->cost)) {
      best = std::move(found);
    }
  }
  return best;
}

/// By what right the claimant may have it stopped.
VictimSearch::Right VictimSearch::right_to_stop(const HeldGang& held) const {
  const Gang& claimant = parts_.books.at(claimant_).gang;
  if (!held.gang.is_preemptible) {
    return Right::None;
  }
  const bool is_lower =
      held.gang.priority < claimant.priority && (held.gang.queue == claimant.queue || is_granted_);
  if (is_lower && !held.has_waited_long) {
    return Right::Priority;
  }
  return may_reclaim_from(held.gang.queue) ? Right::Reclaim : Right::None;
}

void VictimSearch::add_candidate(GangId gang, Ticks now, bool may_suspend) {
  const HeldGang& held = parts_.books.at(gang);
  if (const Right right = right_to_stop(held); right != Right::None) {
    candidates_.push_back({gang, cheapest_stop(held, now, may_suspend), right == Right::Reclaim});
  }
}

void VictimSearch::list_candidates(Ticks now,
                                   bool may_suspend,
                                   const std::vector<NodeIndex>& nodes) {
  const Gang& claimant = parts_.books.at(claimant_).gang;
  candidates_.clear();
  nodes_ = nodes;
  for (const NodeIndex node : nodes) {
    for (const GangId gang : parts_.books.on_node(node)) {
      add_candidate(gang, now, may_suspend);
    }
  }
  if (nodes.empty()) {
    for (const auto& [group, gangs] : parts_.books.preemptible()) {
      const auto [priority, queue] = group;
      if (priority < claimant.priority || may_reclaim_from(queue)) {
        for (const GangId gang : gangs) {
          add_candidate(gang, now, may_suspend);
        }
      }
    }
    for (const Victim& victim : candidates_) {
      for (const Grant& grant : parts_.books.at(victim.gang).grants) {
        nodes_.push_back(grant.node);
      }
    }
    std::sort(nodes_.begin(), nodes_.end());
    nodes_.erase(std::unique(nodes_.begin(), nodes_.end()), nodes_.end());
  }
  std::sort(candidates_.begin(), candidates_.end(), [](const Victim& one, const Victim& other) {
    return one.gang < other.gang;
  });
  // A gang may lie on more than one of the nodes.
  candidates_.erase(std::unique(candidates_.begin(), candidates_.end()), candidates_.end());
}

NodeState VictimSearch::free_without_victims(GangId claimant, NodeIndex node) {
  begin(claimant);
  NodeState state = parts_.cluster.free(node);
  for (const GangId gang : parts_.books.on_node(node)) {
    const HeldGang& held = parts_.books.at(gang);
    if (right_to_stop(held) != Right::None) {
      free_on_node(state, node, {gang, {StopWay::Kill, 0}, false});
    }
  }
  return state;
}

std::uint64_t VictimSearch::reclaimable(QueueIndex queue, const Resources& wanted) const {
  constexpr std::uint64_t kMix = 0x9e3779b97f4a7c15U;
  std::uint64_t known = 0;
  for (const auto& [group, gangs] : parts_.books.preemptible()) {
    const QueueIndex other = group.second;
    if (other != queue && parts_.admission.may_reclaim(queue, wanted, other)) {
      known = (known ^ (other + 1)) * kMix;
    }
  }
  return known;
}

const Victim* VictimSearch::candidate(GangId gang) const {
  const auto at = std::lower_bound(
      candidates_.begin(), candidates_.end(), gang, [](const Victim& one, GangId other) {
        return one.gang < other;
      });
  return at != candidates_.end() && at->gang == gang ? &*at : nullptr;
}

bool VictimSearch::may_reclaim_from(QueueIndex queue) const {
  const QueueIndex own = parts_.books.at(claimant_).gang.queue;
  return queue != own && parts_.admission.may_reclaim(own, wanted_, queue);
}

/// Asked again after each stop: a queue that has given back what it had borrowed gives no more.
bool VictimSearch::may_stop_now(const Victim& victim) const {
  return !victim.is_reclaimed || may_reclaim_from(parts_.books.at(victim.gang).gang.queue);
}

std::optional<Preemption> VictimSearch::search(const std::vector<NodeIndex>& nodes) {
  std::optional<std::vector<Victim>> victims = find_victims(nodes);
  if (!victims) {
    return std::nullopt;
  }
  drop_unneeded(*victims);
  Preemption found;
  found.grants = grants_without(*victims);
  if (found.grants.empty()) {
    return std::nullopt;  // members that are not alike may not be placed again as they were found
  }
  for (const Victim& victim : *victims) {
    found.cost += victim.terms.cost;
  }
  found.victims = std::move(*victims);
  return found;
}

/// Enough of them for all members and for the quota, maybe more than enough.
std::optional<std::vector<Victim>> VictimSearch::find_victims(const std::vector<NodeIndex>& nodes) {
  const Gang& gang = parts_.books.at(claimant_).gang;
  Trial trial(parts_);
  for (std::size_t member = 0; member < gang.least_members(); ++member) {
    if (!make_room(gang.members[member], nodes, trial)) {
      return std::nullopt;
    }
  }
  return make_quota(trial) ? std::optional(trial.victims()) : std::nullopt;
}

/// Takes a place for the member among the nodes, by stopping the cheapest victims where there is
/// none.
bool VictimSearch::make_room(const MemberShape& shape,
                             const std::vector<NodeIndex>& nodes,
                             Trial& trial) {
  const bool is_all = nodes.size() == parts_.cluster.size();
  auto place = is_all ? parts_.index.best(shape) : parts_.index.best_of(shape, nodes);
  if (!place) {
    const NodeSearch best = search_nodes(shape, nodes, trial);
    for (const Victim& victim : best.best) {
      trial.stop(victim);
    }
    place = parts_.index.best_of(shape, std::vector{best.node});
  }
  if (place) {
    trial.cluster().take(*place, shape);
  }
  return place.has_value();
}

/// The node on which room for the member costs least, and its victims; none where there is no such.
VictimSearch::NodeSearch VictimSearch::search_nodes(const MemberShape& shape,
                                                    const std::vector<NodeIndex>& nodes,
                                                    const Trial& trial) const {
  NodeSearch best{0, shape, {}, {}, {}, {}, std::numeric_limits<std::int64_t>::max()};
  std::vector<NodeIndex> in_question;
  std::set_intersection(
      nodes.begin(), nodes.end(), nodes_.begin(), nodes_.end(), std::back_inserter(in_question));
  for (const NodeIndex node : in_question) {
    NodeSearch here{node, shape, {}, {}, {}, {}, best.best_cost};
    search_node(here, trial);
    if (here.best_cost < best.best_cost) {
      best.node = node;
      best.best = std::move(here.best);
      best.best_cost = here.best_cost;
    }
  }
  return best;
}

bool VictimSearch::make_quota(Trial& trial) {
  const QueueIndex queue = parts_.books.at(claimant_).gang.queue;
  while (parts_.admission.admits(queue, wanted_) == Verdict::Denied) {
    const std::optional<Victim> cheapest = cheapest_for_quota(trial);
    if (!cheapest) {
      return false;
    }
    trial.stop(*cheapest);
  }
  return true;
}

std::optional<Victim> VictimSearch::cheapest_for_quota(const Trial& trial) const {
  std::optional<Victim> cheapest;
  for (const Victim& victim : candidates_) {
    const bool may_help = !trial.has_stopped(victim) && may_stop_now(victim);
    if (may_help && (!cheapest || is_cheaper(victim, *cheapest))) {
      cheapest = victim;
    }
  }
  return cheapest;
}

/// Where the claimant is when the victims are gone and its queue has the quota; empty when not.
std::vector<Grant> VictimSearch::grants_without(const std::vector<Victim>& victims) {
  const Gang& gang = parts_.books.at(claimant_).gang;
  Trial trial(parts_);
  for (const Victim& victim : victims) {
    if (!may_stop_now(victim)) {
      return {};
    }
    trial.stop(victim);
  }
  if (parts_.admission.admits(gang.queue, wanted_) == Verdict::Denied) {
    return {};
  }
  return parts_.placer.place(gang, gang.least_members(), trial.cluster());
}

void VictimSearch::drop_unneeded(std::vector<Victim>& victims) {
  std::vector<Victim> dearest_first = victims;
  std::sort(dearest_first.begin(), dearest_first.end(), [](const Victim& one, const Victim& other) {
    return is_cheaper(other, one);
  });
  for (const Victim& victim : dearest_first) {
    std::vector<Victim> others = victims;
    std::erase(others, victim);
    if (!grants_without(others).empty()) {
      victims = std::move(others);
    }
  }
}

void VictimSearch::search_node(NodeSearch& search, const Trial& trial) const {
  const NodeSpec& spec = parts_.cluster.spec(search.node);
  if (eligible({spec, empty_state(spec)}, search.shape).lack != Lack::None) {
    return;  // not even when it is empty
  }
  search.state = parts_.cluster.free(search.node);
  NodeState all_gone = search.state;
  for (const GangId id : parts_.books.on_node(search.node)) {
    const Victim* known = candidate(id);
    if (known == nullptr || trial.has_stopped(*known) || !may_stop_now(*known)) {
      continue;
    }
    search.candidates.push_back(*known);
    free_on_node(all_gone, search.node, *known);
  }
  const NodeView emptied{spec, all_gone};
  if (search.candidates.empty() || eligible(emptied, search.shape).lack != Lack::None) {
    return;
  }
  std::sort(search.candidates.begin(), search.candidates.end(), is_cheaper);
  if (search.candidates.size() <= kExact) {
    search_subsets(search, 0, 0);
  } else {
    search_greedily(search);
  }
}

void VictimSearch::free_on_node(NodeState& state, NodeIndex node, const Victim& victim) const {
  const HeldGang& held = parts_.books.at(victim.gang);
  for (std::size_t member = 0; member < held.grants.size(); ++member) {
    if (held.grants[member].node == node) {
      sched::give(state, held.grants[member].gpus, freed_shape(held, victim, member));
    }
  }
}

/// Every set of the candidates that may be the cheapest: those behind `next`, with what was chosen.
void VictimSearch::search_subsets(NodeSearch& search, std::size_t next, std::int64_t cost) const {
  if (cost >= search.best_cost) {
    return;
  }
  if (has_room(search)) {
    search.best = search.chosen;
    search.best_cost = cost;
    return;
  }
  if (next == search.candidates.size()) {
    return;
  }
  const Victim victim = search.candidates[next];
  if (may_stop_now(victim)) {
    choose(search, victim);
    search_subsets(search, next + 1, cost + victim.terms.cost);
    unchoose(search, victim);
  }
  search_subsets(search, next + 1, cost);
}

/// The cheapest first until there is room, and then none that is not needed.
void VictimSearch::search_greedily(NodeSearch& search) const {
  for (const Victim& victim : search.candidates) {
    if (has_room(search)) {
      break;
    }
    if (may_stop_now(victim)) {
      choose(search, victim);
    }
  }
  const bool is_found = has_room(search);
  const std::vector<Victim> chosen = search.chosen;
  for (auto victim = chosen.rbegin(); victim != chosen.rend() && is_found; ++victim) {
    unchoose(search, *victim);
    if (!has_room(search)) {
      choose(search, *victim);
    }
  }
  std::int64_t cost = 0;
  for (const Victim& victim : search.chosen) {
    cost += victim.terms.cost;
  }
  if (is_found && cost < search.best_cost) {
    search.best = search.chosen;
    search.best_cost = cost;
  }
  while (!search.chosen.empty()) {
    unchoose(search, Victim(search.chosen.back()));
  }
}

bool VictimSearch::has_room(const NodeSearch& search) const {
  const NodeView view{parts_.cluster.spec(search.node), search.state};
  return eligible(view, search.shape).lack == Lack::None;
}

void VictimSearch::choose(NodeSearch& search, const Victim& victim) const {
  const HeldGang& held = parts_.books.at(victim.gang);
  free_on_node(search.state, search.node, victim);
  parts_.admission.refund(held.gang.queue, freed_resources(held, victim));
  search.chosen.push_back(victim);
}

void VictimSearch::unchoose(NodeSearch& search, const Victim& victim) const {
  const HeldGang& held = parts_.books.at(victim.gang);
  for (std::size_t member = 0; member < held.grants.size(); ++member) {
    if (held.grants[member].node == search.node) {
      sched::take(search.state, held.grants[member].gpus, freed_shape(held, victim, member));
    }
  }
  parts_.admission.charge(held.gang.queue, freed_resources(held, victim));
  std::erase(search.chosen, victim);
}

}  // namespace aion::sched
