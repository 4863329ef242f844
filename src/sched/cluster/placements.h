// The placement policies by name.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "sched/cluster/placement/placement.h"

namespace aion::sched {

/// All of them, the default first.
[[nodiscard]] std::span<const PlacementPolicy> placements();

/// The policy of that name, or InvalidArgument that lists the names there are.
[[nodiscard]] Result<PlacementPolicy> find_placement(std::string_view name);

}  // namespace aion::sched
