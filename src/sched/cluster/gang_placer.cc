#include "sched/cluster/gang_placer.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace aion::sched {
namespace {

using Domains = std::vector<std::vector<NodeIndex>>;

template <class Label>
Domains group_by(const Cluster& cluster, Label label) {
  std::map<std::int64_t, std::vector<NodeIndex>> groups;
  for (NodeIndex node = 0; node < cluster.size(); ++node) {
    groups[label(node)].push_back(node);
  }
  Domains domains;
  for (auto& [key, nodes] : groups) {
    domains.push_back(std::move(nodes));
  }
  return domains;
}

bool are_alike(const Gang& gang) {
  return std::all_of(gang.members.begin(), gang.members.end(), [&](const MemberShape& member) {
    return member == gang.members.front();
  });
}

/// The smallest domain that has room for all that is wanted, else the one with most room.
std::size_t choose_domain(const std::vector<std::int64_t>& room, std::int64_t wanted) {
  std::size_t best = 0;
  for (std::size_t at = 1; at < room.size(); ++at) {
    const bool has_all = room[at] >= wanted;
    const bool best_has_all = room[best] >= wanted;
    const bool is_better =
        has_all ? !best_has_all || room[at] < room[best] : !best_has_all && room[at] > room[best];
    best = is_better ? at : best;
  }
  return best;
}

/// Members in the order in which they are placed: the largest first, since small ones still fit
/// beside them.
std::vector<std::size_t> largest_first(const Gang& gang) {
  std::vector<std::size_t> order(gang.members.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto size = [&](std::size_t member) {
    const Resources wants = resources_of(gang.members[member]);
    return std::array{wants[ResourceKind::Gpu],
                      wants[ResourceKind::GpuMemory],
                      wants[ResourceKind::Cpu],
                      wants[ResourceKind::Memory]};
  };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t one, std::size_t other) {
    return size(one) > size(other);
  });
  return order;
}

}  // namespace

GangPlacer::GangPlacer(Cluster& cluster, PlacementIndex& index) : cluster_(cluster), index_(index) {
  domains_.push_back(group_by(cluster, [](NodeIndex) { return 0; }));
  domains_.push_back(group_by(cluster, [&](NodeIndex node) { return cluster.spec(node).zone; }));
  // Racks of two zones may carry the same number.
  domains_.push_back(group_by(cluster, [&](NodeIndex node) {
    const NodeSpec& spec = cluster.spec(node);
    return (std::int64_t{spec.zone} << 32) + spec.rack;
  }));
  domains_.push_back(group_by(cluster, [](NodeIndex node) { return std::int64_t{node}; }));
}

std::vector<Grant> GangPlacer::place(const Gang& gang, std::size_t most, Transaction& taken) {
  const std::size_t mark = taken.mark();
  Nearness nearness = gang.nearness;
  if (nearness == Nearness::Anywhere && index_.policy().gathers_gangs) {
    nearness = Nearness::Rack;
  }
  if (gang.members.size() == 1) {
    nearness = Nearness::Anywhere;
  }
  Places places = are_alike(gang) ? place_alike(gang, most, nearness, taken)
                                  : place_mixed(gang, nearness, taken);
  if (places.size() < gang.least_members()) {
    taken.undo_to(mark);
    places.clear();
  }
  return places;
}

bool GangPlacer::fill(const Gang& gang,
                      std::size_t most,
                      const std::vector<NodeIndex>* nodes,
                      Places& places,
                      Transaction& taken) {
  while (places.size() < most) {
    const MemberShape& shape = gang.members[places.size()];
    const auto place = nodes == nullptr ? index_.best(shape) : index_.best_of(shape, *nodes);
    if (!place) {
      return false;
    }
    taken.take(*place, shape);
    places.push_back(*place);
  }
  return true;
}

std::vector<Grant> GangPlacer::place_alike(const Gang& gang,
                                           std::size_t most,
                                           Nearness nearness,
                                           Transaction& taken) {
  Places places;
  if (nearness == Nearness::Anywhere) {
    fill(gang, most, nullptr, places, taken);
    return places;
  }
  const Domains& domains = this->domains(nearness);
  std::vector<std::int64_t> room(domains.size());
  for (std::size_t at = 0; at < domains.size(); ++at) {
    for (const NodeIndex node : domains[at]) {
      room[at] += slots(cluster_.view(node), gang.members.front());
    }
  }
  while (places.size() < most) {
    const std::size_t domain = choose_domain(room, static_cast<std::int64_t>(most - places.size()));
    if (room[domain] == 0) {
      break;
    }
    fill(gang, most, &domains[domain], places, taken);
    room[domain] = 0;
    if (gang.is_nearness_required && nearness == gang.nearness) {
      break;
    }
  }
  return places;
}

/// All members in the first domain that has room for them; empty when none has.
std::vector<Grant> GangPlacer::place_in_one(const Gang& gang,
                                            Nearness nearness,
                                            Transaction& taken) {
  const std::size_t mark = taken.mark();
  for (const std::vector<NodeIndex>& nodes : domains(nearness)) {
    Places places;
    if (fill(gang, gang.members.size(), &nodes, places, taken)) {
      return places;
    }
    taken.undo_to(mark);
  }
  return {};
}

std::vector<Grant> GangPlacer::place_mixed(const Gang& gang,
                                           Nearness nearness,
                                           Transaction& taken) {
  Gang sorted = gang;
  const std::vector<std::size_t> order = largest_first(gang);
  for (std::size_t at = 0; at < order.size(); ++at) {
    sorted.members[at] = gang.members[order[at]];
  }
  const std::size_t all = gang.members.size();
  const bool is_bound = gang.is_nearness_required && gang.nearness != Nearness::Anywhere;
  Places places;
  if (nearness != Nearness::Anywhere) {
    places = place_in_one(sorted, nearness, taken);
  }
  if (places.empty() && !is_bound) {
    fill(sorted, all, nullptr, places, taken);
  }
  if (places.size() < all) {
    return {};
  }
  Places in_order(all);
  for (std::size_t at = 0; at < all; ++at) {
    in_order[order[at]] = places[at];
  }
  return in_order;
}

}  // namespace aion::sched
