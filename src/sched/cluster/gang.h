// A claim of one or more members that run together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "sched/cluster/node.h"
#include "sched/policy/claim.h"
#include "sched/share/admission.h"

namespace aion::sched {

/// How near to each other members are to be.
enum class Nearness : std::uint8_t { Anywhere, Zone, Rack, Node };

/// What somebody wants of a cluster: all of its members at once, or at least `least` of them.
/// Nothing of it changes while it waits or runs.
struct Gang {
  std::uint64_t id = 0;              // the driver's own name for it, handed back with each decision
  QueueIndex queue = 0;              // whose quota it counts against
  std::int32_t priority = 0;         // larger first
  std::vector<MemberShape> members;  // as many as it can use; at least one
  std::size_t least = 0;  // fewer are of no use; 0 = all. Less than all only where all are alike
  Nearness nearness = Nearness::Anywhere;
  bool is_nearness_required = false;  // else it is a wish: as few of them as can be
  bool is_preemptible = true;
  bool may_checkpoint = false;  // saves its state when told, within `grace`, and goes on from there
  bool may_suspend = false;  // can stand still with its memory kept; it has stated its GPU memory
  Ticks grace = 0;           // what a checkpoint takes
  Ticks restart_cost = 0;    // what it runs longer when it starts again

  [[nodiscard]] std::size_t least_members() const { return least == 0 ? members.size() : least; }
};

/// InvalidArgument names the field, what was expected and what came.
[[nodiscard]] Result<void> check(const Gang& gang);

/// Of the first `members` of the gang together.
[[nodiscard]] Resources resources_of(const Gang& gang, std::size_t members);

}  // namespace aion::sched
