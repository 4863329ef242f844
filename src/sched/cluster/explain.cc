// Why a gang waits.
#include <algorithm>
#include <cstddef>
#include <map>
#include <string>

#include "base/assert.h"
#include "sched/cluster/plan.h"

namespace aion::sched {
namespace {

std::string words_of(const MemberShape& shape) {
  std::string words;
  if (shape.gpus > 0) {
    words = std::to_string(shape.gpus) + (shape.gpus == 1 ? " GPU" : " GPUs");
    if (shape.gpu_milli < kWholeGpu) {
      words += " (" + std::to_string(shape.gpu_milli) + " thousandths of each)";
    }
    if (shape.gpu_memory_mib > 0) {
      words += " with " + std::to_string(shape.gpu_memory_mib) + " MiB each";
    }
    words += shape.gpu_models != kAnyModel ? " of the models it names, " : ", ";
  }
  return words + std::to_string(shape.cpu_milli) + " thousandths of a core and " +
         std::to_string(shape.memory_mib) + " MiB";
}

/// The lack that keeps a member from the nodes that come nearest: on them all else is there.
struct NearestLack {
  Lack lack = Lack::Down;
  std::size_t nodes = 0;  // that lack this

  void add(Lack here) {
    if (here > lack || nodes == 0) {
      lack = here;
      nodes = 0;
    }
    nodes += here == lack ? 1 : 0;
  }
};

Obstacle obstacle_of(const NearestLack& nearest, const MemberShape& shape) {
  const std::string member = "a member wants " + words_of(shape) + "; ";
  const std::string nodes =
      std::to_string(nearest.nodes) + (nearest.nodes == 1 ? " node has" : " nodes have");
  switch (nearest.lack) {
    case Lack::Cpu:
      return {Obstacle::Kind::Cpu, member + nodes + " the rest free, but too few cores"};
    case Lack::Memory:
      return {Obstacle::Kind::Memory, member + nodes + " the GPUs free, but too little memory"};
    case Lack::Gpus:
      return {Obstacle::Kind::Gpus, member + nodes + " such GPUs, but too little of them free"};
    case Lack::GpuModel:
      return {Obstacle::Kind::GpuModel, member + "no node that is up has such a GPU"};
    case Lack::Down:
    case Lack::None:
      break;
  }
  return {Obstacle::Kind::GpuModel, member + "no node is up"};
}

/// How many members of the shape the nodes have room for when nothing is held, with what is lost or
/// without it.
std::int64_t room_empty(const Cluster& cluster,
                        const std::vector<NodeIndex>& nodes,
                        const MemberShape& shape,
                        bool counts_lost) {
  std::int64_t room = 0;
  for (const NodeIndex node : nodes) {
    const NodeSpec& spec = cluster.spec(node);
    NodeState state = empty_state(spec);
    if (!counts_lost) {
      state.is_up = cluster.free(node).is_up;
      state.usable = cluster.free(node).usable;
    }
    room += slots({spec, state}, shape);
  }
  return room;
}

/// Whether the nodes, were they empty, had room for all members of each shape; those of different
/// shapes may still be in each other's way.
bool has_room_empty(const Cluster& cluster,
                    const std::vector<NodeIndex>& nodes,
                    const Gang& gang,
                    bool counts_lost) {
  const auto least = gang.members.begin() + static_cast<std::ptrdiff_t>(gang.least_members());
  std::map<MemberShape, std::int64_t> wanted;
  for (auto member = gang.members.begin(); member != least; ++member) {
    ++wanted[*member];
  }
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& shape) {
    return room_empty(cluster, nodes, shape.first, counts_lost) >= shape.second;
  });
}

/// What keeps the member from every node; Lack::None when one has room for it.
NearestLack nearest_lack(const Cluster& cluster, const MemberShape& shape) {
  NearestLack nearest;
  for (NodeIndex node = 0; node < cluster.size(); ++node) {
    const Lack here = eligible(cluster.view(node), shape).lack;
    if (here == Lack::None) {
      return {Lack::None, 1};
    }
    nearest.add(here);
  }
  return nearest;
}

}  // namespace

bool Plan::could_fit(const Gang& gang, Installed installed) const {
  const bool is_bound = gang.is_nearness_required && gang.members.size() > 1;
  const auto& domains = placer_.domains(is_bound ? gang.nearness : Nearness::Anywhere);
  return std::any_of(domains.begin(), domains.end(), [&](const std::vector<NodeIndex>& nodes) {
    return has_room_empty(cluster_, nodes, gang, installed == Installed::Ever);
  });
}

Obstacle Plan::explain(GangId gang) {
  const HeldGang& held = books_.at(gang);
  AION_ASSERT(held.state == GangState::Waiting || held.state == GangState::Suspended);
  if (held.state == GangState::Suspended) {
    return {Obstacle::Kind::Gpus, "it stands suspended until the devices that it has are free"};
  }
  if (!could_fit(held.gang, Installed::Ever)) {
    return {Obstacle::Kind::Never,
            "never on this cluster, because even empty it has no room for " +
                std::to_string(held.gang.least_members()) + " members as near as required, each " +
                words_of(held.gang.members.front())};
  }
  const Resources least = resources_of(held.gang, held.gang.least_members());
  if (admission_.admits(held.gang.queue, least) == Verdict::Denied) {
    return {Obstacle::Kind::Quota,
            "its queue may not have " + std::to_string(least[ResourceKind::Gpu]) +
                " thousandths of GPUs, " + std::to_string(least[ResourceKind::Cpu]) +
                " thousandths of cores and " + std::to_string(least[ResourceKind::Memory]) +
                " MiB more"};
  }
  for (const auto& [key, group] : queue_) {
    const Turn& first = *group.turns.begin();
    if (first < turn_of(gang) && holds_up(first.gang)) {
      return {Obstacle::Kind::Turn,
              "claim " + std::to_string(books_.at(first.gang).gang.id) +
                  " goes before it and has waited so long that nobody passes it"};
    }
  }
  return lack_of_room(held.gang);
}

Obstacle Plan::lack_of_room(const Gang& gang) {
  for (const MemberShape& shape : gang.members) {
    const NearestLack nearest = nearest_lack(cluster_, shape);
    if (nearest.lack != Lack::None) {
      return obstacle_of(nearest, shape);
    }
  }
  Transaction trial(cluster_);
  if (!placer_.place(gang, gang.least_members(), trial).empty()) {
    return {Obstacle::Kind::None, "nothing: it starts with the next decision"};
  }
  Gang anywhere = gang;
  anywhere.nearness = Nearness::Anywhere;
  if (gang.is_nearness_required && !placer_.place(anywhere, gang.least_members(), trial).empty()) {
    return {Obstacle::Kind::Nearness,
            "there is room for its members, but not as near to each other as it requires"};
  }
  std::size_t fitting = 0;
  for (const MemberShape& shape : gang.members) {
    const auto place = index_.best(shape);
    if (!place) {
      break;
    }
    trial.take(*place, shape);
    ++fitting;
  }
  return {Obstacle::Kind::Members,
          "there is room for " + std::to_string(fitting) + " of the " +
              std::to_string(gang.least_members()) + " members that it needs at least"};
}

}  // namespace aion::sched
