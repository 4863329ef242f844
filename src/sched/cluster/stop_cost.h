// What it costs to stop a gang, and the cheapest way to.
#pragma once

#include <cstdint>
#include <optional>

#include "sched/cluster/gang_books.h"

namespace aion::sched {

enum class StopWay : std::uint8_t {
  Checkpoint,  // it is told, has its grace to save its state, and goes on from there later
  Suspend,     // it stands still, keeps its memory and frees the rest
  Kill,        // it loses what it has not saved
};

/// A way to stop a gang, and its cost: thousandths of a GPU times ticks, where a core counts as a
/// hundredth of a GPU.
struct StopTerms {
  StopWay way;
  std::int64_t cost;
};

/// The cheapest of the ways that the gang allows. Killed, the work since its last checkpoint is
/// done again and the restart is paid; saved, its grace and the restart are; suspended, one tick
/// counts. One that stands suspended can only be killed.
[[nodiscard]] StopTerms cheapest_stop(const HeldGang& held, Ticks now, bool may_suspend);

}  // namespace aion::sched
