#include "local/placement_comparison.h"

#include <array>
#include <cstdio>

#include "cli/table.h"
#include "plot/ticks.h"

namespace aion::local {
namespace {

using simulate::Arrivals;
using simulate::PlacementFigures;

constexpr double kMilliPerGpu = 1000;

std::string share_text(double share) {
  constexpr double kPerCent = 100;
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.2f %%", share * kPerCent);
  return text.data();
}

}  // namespace

std::string placement_text(const std::vector<PlacementOutcome>& outcomes, Arrivals arrivals) {
  const bool is_timed = arrivals == Arrivals::Timed;
  std::vector<std::vector<std::string>> rows{
      {"PLACEMENT", "PODS", "PLACED", is_timed ? "MOST ALLOCATED" : "ALLOCATED", "FRAGMENTED"}};
  if (is_timed) {
    rows.front().insert(rows.front().end(), {"MEAN ALLOCATED", "MEAN WAIT", "MAX WAIT"});
  }
  for (const auto& [name, figures] : outcomes) {
    rows.push_back({name,
                    plot::grouped(figures.pods),
                    plot::grouped(figures.placed),
                    share_text(figures.end.allocated),
                    share_text(figures.end.fragmented)});
    if (is_timed) {
      rows.back().insert(rows.back().end(),
                         {share_text(figures.mean_allocated),
                          plot::short_duration(figures.mean_wait),
                          plot::short_duration(static_cast<double>(figures.max_wait))});
    }
  }
  const PlacementFigures& first = outcomes.front().second;
  return plot::grouped(first.nodes) + " nodes with " +
         plot::grouped(first.gpu_milli / static_cast<std::int64_t>(kMilliPerGpu)) + " GPUs\n\n" +
         cli::columns(rows);
}

Json placement_json(const std::vector<PlacementOutcome>& outcomes, Arrivals arrivals) {
  const PlacementFigures& first = outcomes.front().second;
  Json json{{"nodes", first.nodes},
            {"gpus", static_cast<double>(first.gpu_milli) / kMilliPerGpu},
            {"placements", Json::array()}};
  for (const auto& [name, figures] : outcomes) {
    Json row{{"name", name},
             {"pods", figures.pods},
             {"placed", figures.placed},
             {"allocated", figures.end.allocated},
             {"fragmented", figures.end.fragmented}};
    if (arrivals == Arrivals::Timed) {
      row["mean_allocated"] = figures.mean_allocated;
      row["mean_wait_s"] = figures.mean_wait;
      row["max_wait_s"] = figures.max_wait;
    }
    json["placements"].push_back(std::move(row));
  }
  return json;
}

}  // namespace aion::local
