#include "simulate/placement_replay.h"

#include <algorithm>
#include <queue>
#include <string>

#include "base/assert.h"
#include "base/portable_math.h"
#include "sched/cluster/open_admission.h"
#include "sched/cluster/placements.h"
#include "sched/cluster/plan.h"

namespace aion::simulate {
namespace {

using sched::Cluster;
using sched::Gang;
using sched::GangDecision;
using sched::GangId;
using sched::GangState;
using sched::kNever;
using sched::MemberShape;
using sched::NodeIndex;
using sched::NodeSpec;
using sched::ResourceKind;
using sched::Ticks;

std::int64_t gpu_milli_of(const MemberShape& shape) {
  return std::int64_t{shape.gpus} * shape.gpu_milli;
}

class PlacementReplay {
 public:
  PlacementReplay(const Trace& pods,
                  const PlacementOptions& options,
                  std::vector<MemberShape> shapes,
                  Cluster cluster,
                  const sched::PlacementPolicy& policy)
      : pods_(pods),
        options_(options),
        shapes_(std::move(shapes)),
        cluster_(std::move(cluster)),
        plan_(cluster_, policy, admission_, {.learns_mix = !options.knows_mix}) {
    figures_.nodes = static_cast<std::int64_t>(cluster_.size());
    figures_.gpu_milli = cluster_.installed()[ResourceKind::Gpu];
    if (options.knows_mix) {
      for (const MemberShape& shape : shapes_) {
        plan_.mix().add(shape, 1);
      }
    }
  }

  PlacementFigures draw() {
    PortableRandom random(options_.seed);
    const auto demand =
        static_cast<std::int64_t>(options_.demand * static_cast<double>(figures_.gpu_milli));
    std::int64_t next_sample = 1;
    while (arrived_ < demand) {
      const std::size_t pod = random.below(shapes_.size());
      arrived_ += gpu_milli_of(shapes_[pod]);
      submit_or_give_up(pod);
      if (arrived_ * 100 >= next_sample * demand) {
        figures_.curve.push_back(sample());
        next_sample = arrived_ * 100 / demand + 1;
      }
    }
    figures_.end = sample();
    return std::move(figures_);
  }

  PlacementFigures replay() {
    std::vector<std::size_t> order(pods_.pods.size());
    for (std::size_t pod = 0; pod < order.size(); ++pod) {
      order[pod] = pod;
    }
    std::stable_sort(order.begin(), order.end(), [&](std::size_t one, std::size_t other) {
      return pods_.pods[one].created < pods_.pods[other].created;
    });
    std::size_t next = 0;
    while (next < order.size() || !ends_.empty()) {
      Ticks now = ends_.empty() ? kNever : ends_.top().at;
      now = next < order.size() ? std::min(now, pods_.pods[order[next]].created) : now;
      pass_time(now);
      for (; !ends_.empty() && ends_.top().at == now; ends_.pop()) {
        allocated_ -= gpu_milli_of(plan_.held(ends_.top().gang).gang.members.front());
        plan_.finish(ends_.top().gang, now);
      }
      for (; next < order.size() && pods_.pods[order[next]].created == now; ++next) {
        submit(order[next], now);
      }
      decide(now);
    }
    return finish_timed();
  }

 private:
  struct End {
    Ticks at;
    GangId gang;

    bool operator<(const End& other) const {
      return at != other.at ? at > other.at : gang > other.gang;
    }
  };

  GangId submit(std::size_t pod, Ticks now) {
    Gang gang;
    gang.id = pod;
    gang.members = {shapes_[pod]};
    gang.is_preemptible = false;
    ++figures_.pods;
    arrived_ += options_.arrivals == Arrivals::Timed ? gpu_milli_of(shapes_[pod]) : 0;
    const Result<GangId> id = plan_.submit(gang, now);
    AION_ASSERT(id.has_value());  // shapes_of has checked it
    return *id;
  }

  void submit_or_give_up(std::size_t pod) {
    const GangId gang = submit(pod, 0);
    decisions_.clear();
    if (plan_.try_start(gang, 0, decisions_)) {
      ++figures_.placed;
      allocated_ += gpu_milli_of(shapes_[pod]);
    } else {
      plan_.finish(gang, 0);
    }
  }

  void decide(Ticks now) {
    decisions_.clear();
    plan_.decide(now, decisions_);
    for (const GangDecision& decision : decisions_) {
      const Pod& pod = pods_.pods[decision.id];
      const Ticks began = pod.scheduled >= 0 ? pod.scheduled : pod.created;
      ends_.push({now + std::max<Ticks>(pod.deleted - began, 1), decision.gang});
      ++figures_.placed;
      allocated_ += gpu_milli_of(shapes_[decision.id]);
      const std::int64_t wait = now - pod.created;
      waited_ += static_cast<double>(wait);
      figures_.max_wait = std::max(figures_.max_wait, wait);
    }
    if (allocated_ > most_allocated_) {
      most_allocated_ = allocated_;
      figures_.end = sample();
    }
  }

  void pass_time(Ticks now) {
    if (began_ == kNever) {
      began_ = now;
    } else {
      used_ += static_cast<double>(allocated_) * static_cast<double>(now - last_);
    }
    last_ = now;
  }

  PlacementFigures finish_timed() {
    const double time = static_cast<double>(last_ - began_);
    if (time > 0 && figures_.gpu_milli > 0) {
      figures_.mean_allocated = used_ / time / static_cast<double>(figures_.gpu_milli);
    }
    if (figures_.placed > 0) {
      figures_.mean_wait = waited_ / static_cast<double>(figures_.placed);
    }
    return std::move(figures_);
  }

  [[nodiscard]] PlacementSample sample() {
    const double all = static_cast<double>(figures_.gpu_milli);
    const sched::WorkloadMix& mix = plan_.mix();
    double fragment = 0;
    double free = 0;
    for (NodeIndex node = 0; node < cluster_.size(); ++node) {
      mix.weigh(cluster_.spec(node), cluster_.free(node), masses_);
      fragment += static_cast<double>(mix.fragment(cluster_.free(node), masses_));
      free += static_cast<double>(sched::free_gpu_milli(cluster_.free(node)));
    }
    const double share = free * static_cast<double>(mix.total());
    return {static_cast<double>(arrived_) / all,
            static_cast<double>(allocated_) / all,
            share > 0 ? fragment / share : 0};
  }

  const Trace& pods_;
  const PlacementOptions& options_;
  std::vector<MemberShape> shapes_;
  Cluster cluster_;
  sched::OpenAdmission admission_;
  sched::Plan plan_;
  PlacementFigures figures_;
  std::priority_queue<End> ends_;
  std::vector<GangDecision> decisions_;
  sched::WorkloadMix::Masses masses_;
  std::int64_t arrived_ = 0;
  std::int64_t allocated_ = 0;
  std::int64_t most_allocated_ = -1;
  Ticks began_ = kNever;
  Ticks last_ = 0;
  double used_ = 0;
  double waited_ = 0;
};

/// The numbers that the nodes have for the models of "A|B"; models that no node has count for none.
std::uint64_t models_of(const std::string& spec, const std::vector<std::string>& known) {
  std::uint64_t models = 0;
  for (std::size_t from = 0; from <= spec.size();) {
    const std::size_t to = std::min(spec.find('|', from), spec.size());
    const auto at = std::find(known.begin(), known.end(), spec.substr(from, to - from));
    if (at != known.end() && static_cast<std::size_t>(at - known.begin()) < sched::kMostGpuModels) {
      models |= std::uint64_t{1} << (at - known.begin());
    }
    from = to + 1;
  }
  return models;
}

}  // namespace

Result<Cluster> cluster_of(const Trace& nodes) {
  if (nodes.nodes.empty()) {
    return Error{Code::InvalidArgument,
                 nodes.name +
                     ": expected a trace with nodes, which are in the format openb-nodes; "
                     "it has none"};
  }
  std::vector<NodeSpec> specs;
  for (const Node& node : nodes.nodes) {
    NodeSpec spec;
    spec.cpu_milli = node.cpu_milli;
    spec.memory_mib = node.memory_mib;
    spec.gpus = node.gpus;
    spec.gpu_model = node.gpu_model;
    specs.push_back(spec);
  }
  Result<Cluster> cluster = Cluster::create(std::move(specs));
  return cluster ? std::move(cluster) : in_context(nodes.name, std::move(cluster).error());
}

Result<std::vector<MemberShape>> shapes_of(const Trace& pods, const Trace& nodes) {
  std::vector<MemberShape> shapes;
  for (const Pod& pod : pods.pods) {
    Gang gang;
    gang.id = shapes.size();
    MemberShape shape;
    shape.cpu_milli = pod.cpu_milli;
    shape.memory_mib = pod.memory_mib;
    shape.gpus = pod.gpus;
    shape.gpu_milli = pod.gpus > 0 ? pod.gpu_milli : sched::kWholeGpu;
    if (pod.gpu_models >= 0) {
      shape.gpu_models =
          models_of(pods.gpu_models[static_cast<std::size_t>(pod.gpu_models)], nodes.gpu_models);
    }
    gang.members = {shape};
    if (Result<void> is_sound = check(gang); !is_sound) {
      return in_context(pods.name, std::move(is_sound).error());
    }
    shapes.push_back(shape);
  }
  return shapes;
}

Result<PlacementFigures> replay_placement(const Trace& pods,
                                          const Trace& nodes,
                                          const PlacementOptions& options) {
  AION_TRY(const sched::PlacementPolicy policy, sched::find_placement(options.placement));
  AION_TRY(Cluster cluster, cluster_of(nodes));
  AION_TRY(std::vector<MemberShape> shapes, shapes_of(pods, nodes));
  const bool wants_gpus = std::any_of(
      shapes.begin(), shapes.end(), [](const MemberShape& shape) { return shape.gpus > 0; });
  if (!wants_gpus || cluster.installed()[ResourceKind::Gpu] == 0) {
    return Error{Code::InvalidArgument,
                 (wants_gpus ? nodes.name : pods.name) +
                     (wants_gpus ? ": expected nodes with GPUs; none has one"
                                 : ": expected pods that want GPUs, which are in the format "
                                   "openb-pods; it has none")};
  }
  const bool is_possible = options.demand > 0 && options.demand <= 100;  // false for NaN, too
  if (!is_possible) {
    return Error{Code::InvalidArgument,
                 "demand must be above 0 and at most 100, got " + std::to_string(options.demand)};
  }
  PlacementReplay replay(pods, options, std::move(shapes), std::move(cluster), policy);
  return options.arrivals == Arrivals::Drawn ? replay.draw() : replay.replay();
}

}  // namespace aion::simulate
