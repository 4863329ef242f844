#include "sched/cluster/plan.h"

#include <algorithm>

#include "base/assert.h"

namespace aion::sched {
namespace {

bool are_alike(const Gang& gang) {
  return std::all_of(gang.members.begin(), gang.members.end(), [&](const MemberShape& member) {
    return member == gang.members.front();
  });
}

bool stays(const Cluster& cluster, const Grant& grant) {
  const NodeState& node = cluster.free(grant.node);
  return node.is_up && (grant.gpus & ~node.usable) == 0;
}

}  // namespace

Plan::Plan(Cluster& cluster,
           const PlacementPolicy& policy,
           Admission& admission,
           const PlanOptions& options)
    : cluster_(cluster),
      admission_(admission),
      options_(options),
      books_(cluster, admission),
      index_(cluster, policy),
      placer_(cluster, index_),
      victims_({cluster, books_, index_, placer_, admission}),
      vacant_at_(cluster.size()) {}

Plan::Likeness Plan::likeness(GangId gang) const {
  const HeldGang& held = books_.at(gang);
  const Gang& wants = held.gang;
  const bool is_like_others =
      held.state == GangState::Waiting && !held.has_waited_long && are_alike(wants);
  return {wants.queue,
          wants.priority,
          wants.nearness,
          wants.is_nearness_required,
          wants.least_members(),
          wants.members.front(),
          is_like_others ? 0 : held.arrival};
}

/// Called when the gang's state is that in which it waits; a change of state comes behind dequeue.
void Plan::enqueue(GangId gang) {
  Group& group = queue_[likeness(gang)];
  if (group.turns.empty()) {
    const Gang& wants = books_.at(gang).gang;
    group.least = resources_of(wants, wants.least_members());
  }
  group.turns.insert(turn_of(gang));
  if (const Ticks end = end_of_patience(gang); end != kNever) {
    patient_.emplace(end, gang);
  }
  ++waiting_;
}

void Plan::dequeue(GangId gang) {
  const auto group = queue_.find(likeness(gang));
  AION_ASSERT(group != queue_.end());
  group->second.turns.erase(turn_of(gang));
  if (group->second.turns.empty()) {
    queue_.erase(group);
  }
  patient_.erase({end_of_patience(gang), gang});
  --waiting_;
}

/// kNever when it has ended, or never does.
Ticks Plan::end_of_patience(GangId gang) const {
  const HeldGang& held = books_.at(gang);
  if (held.has_waited_long || options_.patience == kNever) {
    return kNever;
  }
  return held.waits_since + std::max<Ticks>(options_.patience - held.waited, 0);
}

Plan::Turn Plan::turn_of(GangId gang) const {
  const HeldGang& held = books_.at(gang);
  return {held.has_waited_long, held.gang.priority, held.arrival, gang};
}

Result<GangId> Plan::submit(const Gang& gang, Ticks now) {
  AION_TRY_VOID(check(gang));
  if (options_.learns_mix) {
    for (const MemberShape& member : gang.members) {
      index_.mix().observe(member);
    }
  }
  const GangId id = books_.add(gang, now);
  enqueue(id);
  return id;
}

void Plan::finish(GangId gang, Ticks now) {
  if (books_.at(gang).state != GangState::Running) {
    dequeue(gang);
  }
  if (books_.at(gang).state != GangState::Waiting) {
    books_.stop(gang, now);
  }
  note_size(gang);
  books_.remove(gang);
}

void Plan::lose_node(NodeIndex node, Ticks now, std::vector<GangDecision>& out) {
  cluster_.set_up(node, false);
  const std::vector<GangId> here(books_.on_node(node).begin(), books_.on_node(node).end());
  for (const GangId gang : here) {
    take_losses(gang, now, out);
  }
}

void Plan::lose_gpu(NodeIndex node, std::size_t gpu, Ticks now, std::vector<GangDecision>& out) {
  cluster_.set_gpu_usable(node, gpu, false);
  const std::vector<GangId> here(books_.on_node(node).begin(), books_.on_node(node).end());
  for (const GangId gang : here) {
    take_losses(gang, now, out);
  }
}

void Plan::restore_node(NodeIndex node) {
  cluster_.set_up(node, true);
  books_.note_freed(node);
}

void Plan::restore_gpu(NodeIndex node, std::size_t gpu) {
  cluster_.set_gpu_usable(node, gpu, true);
  books_.note_freed(node);
}

void Plan::take_losses(GangId gang, Ticks now, std::vector<GangDecision>& out) {
  const HeldGang& held = books_.at(gang);
  std::vector<Grant> kept;
  std::copy_if(
      held.grants.begin(), held.grants.end(), std::back_inserter(kept), [&](const Grant& grant) {
        return stays(cluster_, grant);
      });
  if (kept.size() == held.grants.size()) {
    return;
  }
  if (kept.size() >= held.gang.least_members()) {
    books_.shrink(gang, std::move(kept));
    note_size(gang);
    out.push_back({.action = GangDecision::Action::Shrink,
                   .gang = gang,
                   .id = held.gang.id,
                   .grants = held.grants,
                   .at = now});
    return;
  }
  if (held.state == GangState::Suspended) {
    dequeue(gang);
  }
  books_.stop(gang, now);
  note_size(gang);
  enqueue(gang);
  out.push_back({.action = GangDecision::Action::Stop,
                 .gang = gang,
                 .id = held.gang.id,
                 .grants = {},
                 .way = StopWay::Kill,
                 .reason = StopReason::Loss,
                 .for_id = held.gang.id,
                 .at = now});
}

void Plan::decide(Ticks now, std::vector<GangDecision>& out) {
  const std::size_t before = out.size();
  prefer_who_has_waited_long(now);
  bool may_grow = pass(now, out);
  const bool has_stopped = std::any_of(
      out.begin() + static_cast<std::ptrdiff_t>(before),
      out.end(),
      [](const GangDecision& decision) { return decision.action == GangDecision::Action::Stop; });
  if (has_stopped) {
    may_grow = pass(now, out);  // who was stopped may have room elsewhere
  }
  if (may_grow) {
    grow_who_is_short(now, out);
  }
}

void Plan::prefer_who_has_waited_long(Ticks now) {
  while (!patient_.empty() && patient_.begin()->first <= now) {
    const GangId gang = patient_.begin()->second;
    dequeue(gang);
    books_.at(gang).has_waited_long = true;
    enqueue(gang);
  }
}

/// Looks at the first of each group in its turn, and at the next of it when that one starts. A
/// group is left out where nothing has changed for it since it failed. Behind somebody whom nobody
/// may pass, only those go on who stand suspended: they hold memory that it may be waiting for.
bool Plan::pass(Ticks now, std::vector<GangDecision>& out) {
  std::set<Turn> turns;
  add_due(nullptr, turns);
  bool is_held_up = false;
  while (!turns.empty()) {
    const Turn turn = *turns.begin();
    const GangId gang = turn.gang;
    turns.erase(turns.begin());
    if (is_held_up && books_.at(gang).state != GangState::Suspended) {
      continue;
    }
    const Likeness key = likeness(gang);
    Group& group = queue_.at(key);
    const Retry retry = retry_of(gang, group);
    const std::size_t before = out.size();
    if (retry.is_due && try_start_on(gang, retry.nodes, now, out)) {
      add_first(key, turns);
      emptied_.clear();
      if (out[before].action == GangDecision::Action::Stop) {
        add_due(&turn, turns);  // who was stopped may have left more room than was needed
      }
      continue;
    }
    group.failure = failure_of(books_.at(gang).gang.queue, group.least);
    is_held_up = is_held_up || holds_up(gang);
  }
  return !is_held_up;
}

/// Called whenever a gang may hold another number of members than before.
void Plan::note_size(GangId gang) {
  const HeldGang& held = books_.at(gang);
  if (held.state == GangState::Running && held.grants.size() < held.gang.members.size()) {
    short_.try_emplace(gang);
  } else {
    short_.erase(gang);
  }
}

void Plan::grow_who_is_short(Ticks now, std::vector<GangDecision>& out) {
  for (auto one = short_.begin(); one != short_.end();) {
    const GangId gang = one->first;
    Failure& failure = one->second;
    ++one;  // note_size() may erase it
    const Gang& wants = books_.at(gang).gang;
    const Failure known = failure_of(wants.queue, resources_of(wants.members.front()));
    if (failure == known) {
      continue;
    }
    std::vector<Grant> more = place_more(gang);
    failure = known;
    if (more.empty()) {
      continue;
    }
    books_.grow(gang, more);
    note_size(gang);
    const HeldGang& held = books_.at(gang);
    Ticks vacant = now;
    for (const Grant& grant : more) {
      vacant = std::max(vacant, vacant_at_[grant.node]);
    }
    out.push_back({.action = GangDecision::Action::Grow,
                   .gang = gang,
                   .id = held.gang.id,
                   .grants = held.grants,
                   .at = vacant});
  }
}

/// As many of the members that it lacks as its queue has of its own and there is room for: for what
/// it borrowed the whole gang could be stopped. One that must stay together is left as it is, since
/// its place was chosen for those that it has.
std::vector<Grant> Plan::place_more(GangId gang) {
  const HeldGang& held = books_.at(gang);
  if (held.gang.is_nearness_required) {
    return {};
  }
  Gang lacking = held.gang;
  lacking.least = 1;
  std::size_t most = held.gang.members.size() - held.grants.size();
  while (most > 0 &&
         admission_.admits(lacking.queue, resources_of(lacking, most)) != Verdict::Granted) {
    --most;
  }
  if (most == 0) {
    return {};
  }
  lacking.members.resize(most);
  Transaction trial(cluster_);
  return placer_.place(lacking, most, trial);
}

void Plan::add_first(const Likeness& key, std::set<Turn>& turns) const {
  const auto group = queue_.find(key);
  if (group != queue_.end()) {
    turns.insert(*group->second.turns.begin());
  }
}

/// Whether those behind the gang, which did not start, are to wait for it.
bool Plan::holds_up(GangId gang) {
  const HeldGang& held = books_.at(gang);
  return held.has_waited_long && could_fit(held.gang, Installed::Now) &&
         admission_.admits(held.gang.queue, resources_of(held.gang, held.gang.least_members())) !=
             Verdict::Denied;
}

bool Plan::try_start(GangId gang, Ticks now, std::vector<GangDecision>& out) {
  return try_start_on(gang, {}, now, out);
}

/// Free room is looked for everywhere, victims on these nodes.
bool Plan::try_start_on(GangId gang,
                        const std::vector<NodeIndex>& nodes,
                        Ticks now,
                        std::vector<GangDecision>& out) {
  const HeldGang& held = books_.at(gang);
  if (held.state == GangState::Suspended) {
    return resume(gang, now, out);
  }
  AION_ASSERT(held.state == GangState::Waiting);
  std::vector<Grant> grants = place_free(held.gang);
  if (grants.empty()) {
    std::optional<Preemption> room = victims_.find(gang, now, nodes);
    if (!room) {
      return false;
    }
    const Gang claimant = held.gang;
    for (const Victim& victim : room->victims) {
      stop(victim, claimant, now, out);
    }
    grants = std::move(room->grants);
  }
  start(gang, std::move(grants), now, out);
  return true;
}

/// As many members as its queue may have and there is room for.
std::vector<Grant> Plan::place_free(const Gang& gang) {
  std::size_t most = gang.members.size();
  while (most >= gang.least_members() &&
         admission_.admits(gang.queue, resources_of(gang, most)) == Verdict::Denied) {
    --most;
  }
  if (most < gang.least_members() || most == 0) {
    return {};
  }
  Transaction trial(cluster_);
  return placer_.place(gang, most, trial);
}

void Plan::start(GangId gang,
                 std::vector<Grant> grants,
                 Ticks now,
                 std::vector<GangDecision>& out) {
  dequeue(gang);
  const Gang& starting = books_.at(gang).gang;
  const Verdict verdict = admission_.admits(starting.queue, resources_of(starting, grants.size()));
  books_.start(gang, std::move(grants), now);
  note_size(gang);
  if (verdict == Verdict::Borrowed) {
    books_.note_quota();  // what it has borrowed may be reclaimed
  }
  const HeldGang& held = books_.at(gang);
  Ticks vacant = now;
  for (const Grant& grant : held.grants) {
    vacant = std::max(vacant, vacant_at_[grant.node]);
  }
  out.push_back({.action = GangDecision::Action::Start,
                 .gang = gang,
                 .id = held.gang.id,
                 .grants = held.grants,
                 .at = vacant});
}

void Plan::stop(const Victim& victim,
                const Gang& claimant,
                Ticks now,
                std::vector<GangDecision>& out) {
  const HeldGang& held = books_.at(victim.gang);
  const StopWay way = victim.terms.way;
  const Ticks vacant = way == StopWay::Checkpoint ? now + held.gang.grace : now;
  for (const Grant& grant : held.grants) {
    vacant_at_[grant.node] = std::max(vacant_at_[grant.node], vacant);
  }
  if (held.state == GangState::Suspended) {
    dequeue(victim.gang);
  }
  if (way == StopWay::Suspend) {
    books_.suspend(victim.gang, now);
  } else {
    books_.stop(victim.gang, now);
  }
  note_size(victim.gang);
  enqueue(victim.gang);
  out.push_back({.action = GangDecision::Action::Stop,
                 .gang = victim.gang,
                 .id = held.gang.id,
                 .grants = {},
                 .way = way,
                 .reason = victim.is_reclaimed ? StopReason::Reclaim : StopReason::Priority,
                 .for_id = claimant.id,
                 .at = vacant});
}

bool Plan::resume(GangId gang, Ticks now, std::vector<GangDecision>& out) {
  const HeldGang& held = books_.at(gang);
  Resources wanted;
  Transaction trial(cluster_);
  Ticks vacant = now;
  for (std::size_t member = 0; member < held.grants.size(); ++member) {
    const MemberShape shape = compute_of(held.gang.members[member]);
    if (!cluster_.has_room(held.grants[member], shape)) {
      return false;
    }
    trial.take(held.grants[member], shape);
    wanted += resources_of(shape);
    vacant = std::max(vacant, vacant_at_[held.grants[member].node]);
  }
  if (admission_.admits(held.gang.queue, wanted) == Verdict::Denied) {
    return false;
  }
  trial.undo_to(0);
  dequeue(gang);
  books_.resume(gang, now);
  note_size(gang);
  out.push_back({.action = GangDecision::Action::Resume,
                 .gang = gang,
                 .id = held.gang.id,
                 .grants = held.grants,
                 .at = vacant});
  return true;
}

}  // namespace aion::sched
