// How much of a cluster each placement policy gives out before it is full, and what a decision
// costs.
//
// usage: bench_placement PODS NODES [--seeds N] [PLACEMENT...]
//
// The pods of the trace PODS are drawn at random until they want 1.3 times the GPUs of NODES, as in
// the FGD paper. Prints a line a placement: the share of the GPUs that is allocated at the end
// (mean, least and most of the seeds), the share of the free GPUs that a typical pod could not use
// when pods had come for 80 % of the GPUs, and microseconds a decision: mean, median, 99 % and
// longest.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/portable_math.h"
#include "sched/cluster/open_admission.h"
#include "sched/cluster/placements.h"
#include "sched/cluster/plan.h"
#include "simulate/placement_replay.h"
#include "simulate/read_trace.h"

namespace {

using aion::sched::Cluster;
using aion::sched::Gang;
using aion::sched::MemberShape;
using aion::sched::PlacementPolicy;
using aion::sched::ResourceKind;
using aion::simulate::PlacementFigures;
using aion::simulate::PlacementOptions;
using aion::simulate::Trace;

struct Options {
  std::vector<std::string> files;
  std::vector<std::string> placements;
  std::uint64_t seeds = 10;
};

Options parse(int count, char** words) {
  Options options;
  for (int at = 1; at < count; ++at) {
    const std::string word = words[at];
    if (word == "--seeds" && at + 1 < count) {
      options.seeds = std::strtoull(words[++at], nullptr, 10);
    } else if (options.files.size() < 2) {
      options.files.push_back(word);
    } else {
      options.placements.push_back(word);
    }
  }
  return options;
}

/// Each decision of the same replay timed by itself: what a pod waits for when it comes.
std::vector<double> time_decisions(const Trace& pods,
                                   const Trace& nodes,
                                   const PlacementPolicy& policy) {
  Cluster cluster = *aion::simulate::cluster_of(nodes);
  const std::vector<MemberShape> shapes = *aion::simulate::shapes_of(pods, nodes);
  aion::sched::OpenAdmission admission;
  aion::sched::Plan plan(cluster, policy, admission, {.learns_mix = false});
  for (const MemberShape& shape : shapes) {
    plan.mix().add(shape, 1);
  }
  aion::PortableRandom random(1);
  const std::int64_t demand = cluster.installed()[ResourceKind::Gpu] * 13 / 10;
  std::vector<double> times;
  std::vector<aion::sched::GangDecision> out;
  for (std::int64_t arrived = 0; arrived < demand;) {
    Gang gang;
    gang.members = {shapes[random.below(shapes.size())]};
    arrived += std::int64_t{gang.members[0].gpus} * gang.members[0].gpu_milli;
    out.clear();
    const auto begin = std::chrono::steady_clock::now();
    const aion::sched::GangId id = *plan.submit(gang, 0);
    const bool has_started = plan.try_start(id, 0, out);
    times.push_back(
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin)
            .count());
    if (!has_started) {
      plan.finish(id, 0);
    }
  }
  std::sort(times.begin(), times.end());
  return times;
}

/// The sample at which pods had come for about that share of all GPUs.
double fragmented_at(const PlacementFigures& figures, double arrived) {
  for (const aion::simulate::PlacementSample& sample : figures.curve) {
    if (sample.arrived >= arrived) {
      return sample.fragmented;
    }
  }
  return figures.end.fragmented;
}

void print_line(const Trace& pods,
                const Trace& nodes,
                const PlacementPolicy& policy,
                std::uint64_t seeds) {
  double sum = 0;
  double least = 1;
  double most = 0;
  double fragmented = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    PlacementOptions options;
    options.placement = policy.name;
    options.seed = seed;
    const auto figures = aion::simulate::replay_placement(pods, nodes, options);
    if (!figures) {
      std::fprintf(stderr, "error: %s\n", figures.error().message.c_str());
      std::exit(1);
    }
    sum += figures->end.allocated;
    least = std::min(least, figures->end.allocated);
    most = std::max(most, figures->end.allocated);
    fragmented += fragmented_at(*figures, 0.8);
  }
  const std::vector<double> times = time_decisions(pods, nodes, policy);
  double total = 0;
  for (const double time : times) {
    total += time;
  }
  const auto runs = static_cast<double>(seeds);
  std::printf(
      "%-12s allocated %6.2f %% (%.2f to %.2f)  fragmented at 80 %%: %5.2f %%  us a decision: mean "
      "%.1f, median %.1f, 99 %% %.1f, longest %.0f\n",
      std::string(policy.name).c_str(),
      100 * sum / runs,
      100 * least,
      100 * most,
      100 * fragmented / runs,
      total / static_cast<double>(times.size()),
      times[times.size() / 2],
      times[times.size() * 99 / 100],
      times.back());
}

}  // namespace

int main(int count, char** words) {
  const Options options = parse(count, words);
  if (options.files.size() < 2 || options.seeds == 0) {
    std::fprintf(stderr, "usage: bench_placement PODS NODES [--seeds N] [PLACEMENT...]\n");
    return 2;
  }
  const auto pods = aion::simulate::read_trace(options.files[0], {});
  const auto nodes = aion::simulate::read_trace(options.files[1], {});
  if (!pods || !nodes) {
    std::fprintf(stderr, "error: %s\n", (pods ? nodes : pods).error().message.c_str());
    return 1;
  }
  for (const PlacementPolicy& policy : aion::sched::placements()) {
    const auto& wanted = options.placements;
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), policy.name) != wanted.end()) {
      print_line(*pods, *nodes, policy, options.seeds);
    }
  }
  return 0;
}
