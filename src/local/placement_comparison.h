// What `aion simulate PODS --nodes NODES` prints: the pods placed on the machines, placement by
// placement.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "simulate/placement_replay.h"

namespace aion::local {

using PlacementOutcome = std::pair<std::string, simulate::PlacementFigures>;  // by placement

/// A table for people; with `arrivals` Timed also what the pods waited.
[[nodiscard]] std::string placement_text(const std::vector<PlacementOutcome>& outcomes,
                                         simulate::Arrivals arrivals);

/// {"nodes","gpus","placements":[{"name","pods","placed","allocated","fragmented",...}]}
[[nodiscard]] Json placement_json(const std::vector<PlacementOutcome>& outcomes,
                                  simulate::Arrivals arrivals);

}  // namespace aion::local
