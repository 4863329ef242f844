// Who of those that found no room is looked at again.
#include <algorithm>

#include "sched/cluster/plan.h"

namespace aion::sched {

/// Adds the first of each group that may find room now, or that may hold up others; of all groups,
/// or of those behind a turn.
void Plan::add_due(const Turn* behind, std::set<Turn>& turns) {
  emptied_.clear();
  for (auto& [key, group] : queue_) {
    const Turn& first = *group.turns.begin();
    if (behind != nullptr && !(*behind < first)) {
      continue;
    }
    const bool is_due = retry_of(first.gang, group).is_due;
    if (is_due || first.has_waited_long) {
      turns.insert(first);
    }
    if (!is_due) {
      group.failure.freed = books_.freed().count();  // nothing of that was of use
    }
  }
}

Plan::Failure Plan::failure_of(QueueIndex queue, const Resources& least) const {
  return {books_.epoch(),
          books_.freed().count(),
          admission_.admits(queue, least),
          victims_.reclaimable(queue, least)};
}

Plan::Retry Plan::retry_of(GangId gang, const Group& group) {
  constexpr std::uint64_t kMostNodes = 64;  // of more it is not cheaper to look at each
  const HeldGang& held = books_.at(gang);
  const NodeLog& freed = books_.freed();
  const Failure& failure = group.failure;
  const Failure now = failure_of(held.gang.queue, group.least);
  const bool is_same = failure.epoch == now.epoch && failure.verdict == now.verdict &&
                       failure.reclaimable == now.reclaimable;
  if (is_same && failure.freed == now.freed) {
    return {false};
  }
  if (!is_same || now.verdict == Verdict::Denied || held.state == GangState::Suspended ||
      now.freed - failure.freed > kMostNodes || !freed.remembers(failure.freed)) {
    return {};
  }
  Retry retry{false};
  for (std::uint64_t at = failure.freed; at < now.freed; ++at) {
    if (fits_without_victims(gang, freed.at(at), now)) {
      retry.nodes.push_back(freed.at(at));
    }
  }
  std::sort(retry.nodes.begin(), retry.nodes.end());
  retry.nodes.erase(std::unique(retry.nodes.begin(), retry.nodes.end()), retry.nodes.end());
  retry.is_due = !retry.nodes.empty();
  if (held.gang.members.size() > 1) {
    retry.nodes.clear();  // the other members may be anywhere
  }
  return retry;
}

/// Whether the node has room for a member of the gang once all are stopped who may be for it.
bool Plan::fits_without_victims(GangId gang, NodeIndex node, const Failure& since) {
  const Gang& wants = books_.at(gang).gang;
  auto known = std::find_if(emptied_.begin(), emptied_.end(), [&](const Emptied& one) {
    return one.node == node && one.queue == wants.queue && one.priority == wants.priority &&
           one.since == since;
  });
  if (known == emptied_.end()) {
    emptied_.push_back(
        {node, wants.queue, wants.priority, since, victims_.free_without_victims(gang, node)});
    known = std::prev(emptied_.end());
  }
  const NodeView view{cluster_.spec(node), known->state};
  return std::any_of(wants.members.begin(), wants.members.end(), [&](const MemberShape& member) {
    return eligible(view, member).lack == Lack::None;
  });
}

}  // namespace aion::sched
