#include "sched/cluster/placements.h"

#include <array>
#include <string>
#include <vector>

#include "base/config_table.h"

namespace aion::sched {
namespace {

constexpr std::array kPlacements{
    PlacementPolicy{
        "fgd", "where the typical workload loses least of the free GPUs", fragmentation_gradient},
    PlacementPolicy{"first-fit", "the first node with room", first_fit},
    PlacementPolicy{"best-fit", "where least is left behind, over all kinds", best_fit},
    PlacementPolicy{"packing", "GPUs in use first, then used nodes, most allocated first", packing},
    PlacementPolicy{
        "dot-product", "where little is free of what the member wants much of", dot_product},
    PlacementPolicy{"spread", "where most is left behind", spread},
    PlacementPolicy{"topology",
                    "the NVLink group that has just enough; gangs in as few racks as can be",
                    topology,
                    true},
};

}  // namespace

std::span<const PlacementPolicy> placements() {
  return kPlacements;
}

Result<PlacementPolicy> find_placement(std::string_view name) {
  std::vector<std::string> names;
  for (const PlacementPolicy& known : kPlacements) {
    if (known.name == name) {
      return known;
    }
    names.emplace_back(known.name);
  }
  return unknown_word("placement", name, names);
}

}  // namespace aion::sched
