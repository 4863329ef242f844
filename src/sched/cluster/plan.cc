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
  const bool is_like_others = held.state == GangState::Waiting && are_alike(wants);
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
  queue_[likeness(gang)].turns.insert(turn_of(gang));
  ++waiting_;
}

void Plan::dequeue(GangId gang) {
  const auto group = queue_.find(likeness(gang));
  AION_ASSERT(group != queue_.end());
  group->second.turns.erase(turn_of(gang));
  if (group->second.turns.empty()) {
    queue_.erase(group);
  }
  --waiting_;
}

Plan::Turn Plan::turn_of(GangId gang) const {
  const HeldGang& held = books_.at(gang);
  return {held.gang.priority, held.arrival, gang};
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

void Plan::finish(GangId gang, Ticks /*now*/) {
  if (books_.at(gang).state != GangState::Running) {
    dequeue(gang);
  }
  if (books_.at(gang).state != GangState::Waiting) {
    books_.stop(gang);
  }
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
  books_.note_room();
}

void Plan::restore_gpu(NodeIndex node, std::size_t gpu) {
  cluster_.set_gpu_usable(node, gpu, true);
  books_.note_room();
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
  books_.stop(gang);
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
  pass(now, out);
  const bool has_stopped = std::any_of(
      out.begin() + static_cast<std::ptrdiff_t>(before),
      out.end(),
      [](const GangDecision& decision) { return decision.action == GangDecision::Action::Stop; });
  if (has_stopped) {
    pass(now, out);  // who was stopped may have room elsewhere
  }
}

/// Looks at the first of each group in its turn, and at the next of it when that one starts. A
/// group is left out where nothing has changed since it failed.
void Plan::pass(Ticks now, std::vector<GangDecision>& out) {
  std::set<Turn> turns;
  for (const auto& [key, group] : queue_) {
    turns.insert(*group.turns.begin());
  }
  while (!turns.empty()) {
    const GangId gang = turns.begin()->gang;
    turns.erase(turns.begin());
    const Likeness key = likeness(gang);
    const bool is_tried = queue_.at(key).failed_at != books_.epoch();
    if (is_tried && try_start(gang, now, out)) {
      add_first(key, turns);
      continue;
    }
    queue_.at(key).failed_at = books_.epoch();
    if (holds_up(gang, now)) {
      return;
    }
  }
}

void Plan::add_first(const Likeness& key, std::set<Turn>& turns) const {
  const auto group = queue_.find(key);
  if (group != queue_.end()) {
    turns.insert(*group->second.turns.begin());
  }
}

/// Whether those behind the gang, which did not start, are to wait for it.
bool Plan::holds_up(GangId gang, Ticks now) {
  const HeldGang& held = books_.at(gang);
  return options_.patience != kNever && now - held.submitted >= options_.patience &&
         could_fit(held.gang, Installed::Now) &&
         admission_.admits(held.gang.queue, resources_of(held.gang, held.gang.least_members())) !=
             Verdict::Denied;
}

bool Plan::try_start(GangId gang, Ticks now, std::vector<GangDecision>& out) {
  const HeldGang& held = books_.at(gang);
  if (held.state == GangState::Suspended) {
    return resume(gang, now, out);
  }
  AION_ASSERT(held.state == GangState::Waiting);
  std::vector<Grant> grants = place_free(held.gang);
  if (grants.empty()) {
    std::optional<Preemption> room = victims_.find(gang, now);
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
  if (verdict == Verdict::Borrowed) {
    books_.note_room();  // what it has borrowed may be reclaimed
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
    books_.stop(victim.gang);
  }
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
  out.push_back({.action = GangDecision::Action::Resume,
                 .gang = gang,
                 .id = held.gang.id,
                 .grants = held.grants,
                 .at = vacant});
  return true;
}

}  // namespace aion::sched
