// What one decision costs on a busy cluster: thousands of claims wait, the nodes are full, one
// claim ends and one comes.
//
// usage: bench_cluster_decision PODS NODES [--waiting N] [--decisions N] [--priorities N]
//                               [--every N] [PLACEMENT...]
//
// Claims are drawn at random from the pods of the trace. With more than one priority, higher ones
// stop lower ones; of the nodes each Nth is taken. Prints a line a placement: how many run, and
// microseconds from the end of a claim to the decisions that follow, median, 99 % and longest.
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
using aion::sched::GangDecision;
using aion::sched::GangId;
using aion::sched::MemberShape;
using aion::sched::PlacementPolicy;
using aion::sched::Plan;
using aion::sched::Ticks;
using aion::simulate::Trace;

struct Options {
  std::vector<std::string> files;
  std::vector<std::string> placements;
  std::size_t waiting = 10'000;
  std::size_t decisions = 5'000;
  std::uint64_t priorities = 1;
  std::uint64_t every = 1;
};

Options parse(int count, char** words) {
  Options options;
  for (int at = 1; at < count; ++at) {
    const std::string word = words[at];
    const bool has_value = at + 1 < count;
    if (word == "--waiting" && has_value) {
      options.waiting = std::strtoull(words[++at], nullptr, 10);
    } else if (word == "--decisions" && has_value) {
      options.decisions = std::strtoull(words[++at], nullptr, 10);
    } else if (word == "--priorities" && has_value) {
      options.priorities = std::max<std::uint64_t>(std::strtoull(words[++at], nullptr, 10), 1);
    } else if (word == "--every" && has_value) {
      options.every = std::max<std::uint64_t>(std::strtoull(words[++at], nullptr, 10), 1);
    } else if (options.files.size() < 2) {
      options.files.push_back(word);
    } else {
      options.placements.push_back(word);
    }
  }
  return options;
}

class Bed {
 public:
  Bed(const Trace& pods, const Trace& nodes, const PlacementPolicy& policy, const Options& options)
      : options_(options),
        shapes_(*aion::simulate::shapes_of(pods, nodes)),
        cluster_(*aion::simulate::cluster_of(nodes)),
        plan_(cluster_, policy, admission_, {.learns_mix = false}) {
    for (const MemberShape& shape : shapes_) {
      plan_.mix().add(shape, 1);
    }
    while (plan_.waiting() < options_.waiting) {
      submit();
      plan_.decide(now_, out_);
      keep_book();
    }
  }

  std::vector<double> measure() {
    std::vector<double> times;
    while (times.size() < options_.decisions) {
      ++now_;
      const std::size_t ends = random_.below(running_.size());
      std::swap(running_[ends], running_.back());
      const GangId ended = running_.back();
      running_.pop_back();
      const Gang comes = draw();
      const auto begin = std::chrono::steady_clock::now();
      plan_.finish(ended, now_);
      static_cast<void>(plan_.submit(comes, now_));
      plan_.decide(now_, out_);
      times.push_back(
          std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin)
              .count());
      keep_book();
    }
    std::sort(times.begin(), times.end());
    return times;
  }

  [[nodiscard]] std::size_t running() const { return running_.size(); }

 private:
  Gang draw() {
    Gang gang;
    gang.members = {shapes_[random_.below(shapes_.size())]};
    gang.priority = static_cast<std::int32_t>(random_.below(options_.priorities));
    gang.restart_cost = 30;
    return gang;
  }

  void submit() { static_cast<void>(plan_.submit(draw(), now_)); }

  void keep_book() {
    for (const GangDecision& decision : out_) {
      if (decision.action == GangDecision::Action::Start) {
        running_.push_back(decision.gang);
      } else {
        std::erase(running_, decision.gang);
      }
    }
    out_.clear();
  }

  Options options_;
  std::vector<MemberShape> shapes_;
  Cluster cluster_;
  aion::sched::OpenAdmission admission_;
  Plan plan_;
  aion::PortableRandom random_{1};
  std::vector<GangId> running_;
  std::vector<GangDecision> out_;
  Ticks now_ = 0;
};

void print_line(const Trace& pods,
                const Trace& nodes,
                const PlacementPolicy& policy,
                const Options& options) {
  Bed bed(pods, nodes, policy, options);
  const std::vector<double> times = bed.measure();
  std::printf("%-12s %zu run, %zu wait  us: median %.1f, 99 %% %.1f, longest %.0f\n",
              std::string(policy.name).c_str(),
              bed.running(),
              options.waiting,
              times[times.size() / 2],
              times[times.size() * 99 / 100],
              times.back());
}

}  // namespace

int main(int count, char** words) {
  const Options options = parse(count, words);
  if (options.files.size() < 2 || options.decisions == 0) {
    std::fprintf(stderr,
                 "usage: bench_cluster_decision PODS NODES [--waiting N] [--decisions N] "
                 "[--priorities N] [--every N] [PLACEMENT...]\n");
    return 2;
  }
  const auto pods = aion::simulate::read_trace(options.files[0], {});
  auto nodes = aion::simulate::read_trace(options.files[1], {});
  if (!pods || !nodes) {
    std::fprintf(stderr, "error: %s\n", (pods ? nodes : pods).error().message.c_str());
    return 1;
  }
  std::vector<aion::simulate::Node> taken;
  for (std::size_t at = 0; at < nodes->nodes.size(); at += options.every) {
    taken.push_back(nodes->nodes[at]);
  }
  nodes->nodes = taken;
  for (const PlacementPolicy& policy : aion::sched::placements()) {
    const auto& wanted = options.placements;
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), policy.name) != wanted.end()) {
      print_line(*pods, *nodes, policy, options);
    }
  }
  return 0;
}
