#include "sched/cluster/gang_books.h"

#include <algorithm>

#include "base/assert.h"

namespace aion::sched {

GangBooks::GangBooks(Cluster& cluster, Admission& admission)
    : cluster_(cluster),
      admission_(admission),
      by_node_(cluster.size()),
      freed_(std::max<std::size_t>(2 * cluster.size(), 256)) {}

GangId GangBooks::add(const Gang& gang, Ticks now) {
  GangId id = static_cast<GangId>(gangs_.size());
  if (free_ids_.empty()) {
    gangs_.emplace_back();
  } else {
    id = free_ids_.back();
    free_ids_.pop_back();
  }
  HeldGang& held = gangs_[id];
  held = {};
  held.gang = gang;
  held.state = GangState::Waiting;
  held.arrival = ++arrivals_;
  held.waits_since = now;
  return id;
}

void GangBooks::remove(GangId id) {
  AION_ASSERT(gangs_[id].state == GangState::Waiting);
  gangs_[id] = {};
  free_ids_.push_back(id);
}

void GangBooks::start(GangId id, std::vector<Grant> grants, Ticks now) {
  HeldGang& held = gangs_[id];
  AION_ASSERT(held.state == GangState::Waiting);
  for (std::size_t member = 0; member < grants.size(); ++member) {
    cluster_.take(grants[member], held.gang.members[member]);
  }
  held.grants = std::move(grants);
  held.state = GangState::Running;
  held.waited += now - held.waits_since;
  held.saved_at = now;
  admission_.charge(held.gang.queue, held_resources(held));
  list(id, true);
}

void GangBooks::stop(GangId id, Ticks now) {
  HeldGang& held = gangs_[id];
  AION_ASSERT(held.state == GangState::Running || held.state == GangState::Suspended);
  admission_.refund(held.gang.queue, held_resources(held));
  give_all(held);
  list(id, false);
  held.grants.clear();
  held.waits_since = held.state == GangState::Running ? now : held.waits_since;
  held.state = GangState::Waiting;
}

void GangBooks::suspend(GangId id, Ticks now) {
  HeldGang& held = gangs_[id];
  AION_ASSERT(held.state == GangState::Running);
  Resources freed = held_resources(held);
  for (std::size_t member = 0; member < held.grants.size(); ++member) {
    cluster_.give(held.grants[member], compute_of(held.gang.members[member]));
    note_freed(held.grants[member].node);
  }
  held.state = GangState::Suspended;
  held.waits_since = now;
  held.unsaved = now - held.saved_at;
  freed -= held_resources(held);
  admission_.refund(held.gang.queue, freed);
}

void GangBooks::resume(GangId id, Ticks now) {
  HeldGang& held = gangs_[id];
  AION_ASSERT(held.state == GangState::Suspended);
  const Resources kept = held_resources(held);
  for (std::size_t member = 0; member < held.grants.size(); ++member) {
    cluster_.take(held.grants[member], compute_of(held.gang.members[member]));
  }
  held.state = GangState::Running;
  held.waited += now - held.waits_since;
  held.saved_at = now - held.unsaved;
  Resources taken = held_resources(held);
  taken -= kept;
  admission_.charge(held.gang.queue, taken);
}

void GangBooks::shrink(GangId id, std::vector<Grant> kept) {
  HeldGang& held = gangs_[id];
  list(id, false);
  admission_.refund(held.gang.queue, held_resources(held));
  // The members are all alike: it is the same which of them is at which place.
  give_all(held);
  held.grants = std::move(kept);
  for (std::size_t member = 0; member < held.grants.size(); ++member) {
    cluster_.take(held.grants[member], held_shape(held, member));
  }
  admission_.charge(held.gang.queue, held_resources(held));
  list(id, true);
}

void GangBooks::grow(GangId id, const std::vector<Grant>& more) {
  HeldGang& held = gangs_[id];
  AION_ASSERT(held.state == GangState::Running);
  list(id, false);
  admission_.refund(held.gang.queue, held_resources(held));
  for (const Grant& grant : more) {
    cluster_.take(grant, held.gang.members.front());
    held.grants.push_back(grant);
  }
  admission_.charge(held.gang.queue, held_resources(held));
  list(id, true);
}

MemberShape GangBooks::held_shape(const HeldGang& held, std::size_t member) {
  const MemberShape& shape = held.gang.members[member];
  return held.state == GangState::Suspended ? memory_of(shape) : shape;
}

Resources GangBooks::held_resources(const HeldGang& held) {
  Resources sum;
  for (std::size_t member = 0; member < held.grants.size(); ++member) {
    sum += resources_of(held_shape(held, member));
  }
  return sum;
}

void GangBooks::give_all(const HeldGang& held) {
  for (std::size_t member = 0; member < held.grants.size(); ++member) {
    cluster_.give(held.grants[member], held_shape(held, member));
    note_freed(held.grants[member].node);
  }
}

void GangBooks::list(GangId id, bool is_there) {
  const Gang& gang = gangs_[id].gang;
  if (gang.is_preemptible) {
    const Group key{gang.priority, gang.queue};
    std::set<GangId>& group = preemptible_[key];
    if (is_there) {
      group.insert(id);
    } else {
      group.erase(id);
    }
    if (group.empty()) {
      preemptible_.erase(key);
    }
  }
  for (const Grant& grant : gangs_[id].grants) {
    std::vector<GangId>& here = by_node_[grant.node];
    const auto at = std::lower_bound(here.begin(), here.end(), id);
    const bool is_listed = at != here.end() && *at == id;
    if (is_there && !is_listed) {
      here.insert(at, id);
    } else if (!is_there && is_listed) {
      here.erase(at);
    }
  }
}

}  // namespace aion::sched
