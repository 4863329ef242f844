#include "local/simulate_command.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "base/thread_time.h"
#include "cli/connection.h"
#include "cli/table.h"
#include "local/comparison.h"
#include "local/placement_comparison.h"
#include "local/schedule_plots.h"
#include "local/simulate_options.h"
#include "local/status_line.h"
#include "plot/ticks.h"
#include "sched/cluster/placements.h"
#include "sched/policies.h"
#include "sched/policy/order.h"

namespace aion::local {

namespace {

using cli::Arguments;
using cli::Exit;

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

Error cannot_write(const std::filesystem::path& file) {
  return {Code::FailedPrecondition, "cannot write '" + file.string() + "'"};
}

Result<File> open_to_write(const std::filesystem::path& path) {
  File file(std::fopen(path.c_str(), "wb"));
  if (!file) {
    return cannot_write(path);
  }
  return file;
}

Exit list(const Arguments& arguments) {
  std::vector<std::vector<std::string>> rows{{"POLICY", "MEANING"}};
  Json json{{"policies", Json::array()}, {"orders", Json::array()}};
  for (const sched::NamedPolicy& policy : sched::policies()) {
    rows.push_back({std::string(policy.name), std::string(policy.meaning)});
    json["policies"].push_back({{"name", policy.name}, {"meaning", policy.meaning}});
  }
  json["placements"] = Json::array();
  rows.push_back({"", ""});
  rows.push_back({"PLACEMENT", "MEANING"});
  for (const sched::PlacementPolicy& placement : sched::placements()) {
    rows.push_back({std::string(placement.name), std::string(placement.meaning)});
    json["placements"].push_back({{"name", placement.name}, {"meaning", placement.meaning}});
  }
  rows.push_back({"", ""});
  rows.push_back({"ORDER", "MEANING"});
  for (const sched::NamedOrder& order : sched::orders()) {
    rows.push_back({std::string(order.name), std::string(order.meaning)});
    json["orders"].push_back({{"name", order.name}, {"meaning", order.meaning}});
  }
  std::printf("%s",
              arguments.has("json") ? (to_text(json) + "\n").c_str() : cli::columns(rows).c_str());
  return Exit::Done;
}

Result<void> write_made_up(const SimulateOptions& options, StatusLine& status) {
  status.tell("making " + plot::grouped(options.synthetic->jobs) + " jobs up");
  File owned;
  std::FILE* file = stdout;
  if (options.output != "-") {
    AION_TRY(owned, open_to_write(options.output));
    file = owned.get();
  }
  AION_TRY_VOID(
      simulate::write_synthetic_swf(*options.synthetic, [&](std::string_view text) -> Result<void> {
        if (std::fwrite(text.data(), 1, text.size(), file) != text.size()) {
          return cannot_write(options.output);
        }
        return {};
      }));
  if (std::fflush(file) != 0) {
    return cannot_write(options.output);
  }
  return {};
}

Result<simulate::Trace> trace_of(const SimulateOptions& options, StatusLine& status) {
  if (options.synthetic) {
    status.tell("making " + plot::grouped(options.synthetic->jobs) + " jobs up");
    return simulate::synthetic_trace(*options.synthetic);
  }
  simulate::ReadOptions read = options.read;
  const std::string name = options.trace.filename().string();
  read.progress = [&status, &name](const simulate::ReadProgress& progress) {
    std::string text = "reading " + name;
    if (progress.size_bytes > 0) {
      constexpr std::uint64_t kPerCent = 100;
      text += ", " + std::to_string(progress.taken_bytes * kPerCent / progress.size_bytes) + " %";
    }
    status.tell(text + ", " + plot::grouped(static_cast<long long>(progress.jobs)) + " jobs");
  };
  return simulate::read_trace(options.trace, read);
}

Result<void> write_starts(const std::filesystem::path& path,
                          const simulate::Trace& trace,
                          const simulate::Replay& replay) {
  AION_TRY(const File file, open_to_write(path));
  for (std::size_t i = 0; i < trace.jobs.size(); ++i) {
    std::fprintf(file.get(),
                 "%lld %lld\n",
                 static_cast<long long>(trace.jobs[i].id),
                 static_cast<long long>(replay.starts[i]));
  }
  if (std::fflush(file.get()) != 0 || std::ferror(file.get()) != 0) {
    return cannot_write(path);
  }
  return {};
}

Result<std::vector<Outcome>> replay_all(const SimulateOptions& options,
                                        const simulate::Trace& trace,
                                        StatusLine& status) {
  std::vector<Outcome> outcomes;
  std::optional<simulate::Bounds> bounds;
  for (const WantedPolicy& wanted : options.policies) {
    status.tell("replaying under " + wanted.name);
    simulate::ReplayOptions how;
    how.policy = wanted.policy;
    how.processors = options.read.processors;
    how.ties = options.ties;
    how.keeps_runs = !options.plots.empty();
    const Duration begin = thread_cpu_time();
    AION_TRY(simulate::Replay replay, simulate::replay(trace, how));
    Outcome outcome;
    outcome.took = thread_cpu_time() - begin;
    outcome.policy = wanted.name;
    outcome.figures = simulate::figures(trace, replay.starts, replay.processors);
    if (options.wants_gap) {
      if (!bounds) {
        status.tell("finding what no schedule can be better than");
        bounds = simulate::lower_bounds(trace, replay.processors);
      }
      outcome.gap = simulate::gap(trace, outcome.figures, bounds->recursive);
    }
    outcome.replay = std::move(replay);
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

/// What the command prints when pods are placed on machines.
Result<std::string> place(const SimulateOptions& options) {
  StatusLine status;
  AION_TRY(const simulate::Trace pods, trace_of(options, status));
  AION_TRY(const simulate::Trace nodes, simulate::read_trace(options.nodes, {}));
  std::vector<PlacementOutcome> outcomes;
  for (const std::string& name : options.placements) {
    status.tell("placing by " + name);
    simulate::PlacementOptions how;
    how.placement = name;
    how.arrivals = options.arrivals;
    AION_TRY(simulate::PlacementFigures figures, simulate::replay_placement(pods, nodes, how));
    outcomes.emplace_back(name, std::move(figures));
  }
  return options.is_json ? to_text(placement_json(outcomes, options.arrivals)) + "\n"
                         : placement_text(outcomes, options.arrivals);
}

/// What the command prints; empty when it has written a trace.
Result<std::string> simulate(const SimulateOptions& options) {
  StatusLine status;
  if (!options.output.empty()) {
    AION_TRY_VOID(write_made_up(options, status));
    return std::string();
  }
  AION_TRY(const simulate::Trace trace, trace_of(options, status));
  if (trace.jobs.empty()) {
    return Error{Code::InvalidArgument,
                 trace.name + " has no jobs to replay; expected a trace of jobs"};
  }
  AION_TRY(const std::vector<Outcome> outcomes, replay_all(options, trace, status));
  if (!options.starts.empty()) {
    AION_TRY_VOID(write_starts(options.starts, trace, outcomes.front().replay));
  }
  std::string text = options.is_json ? to_text(comparison_json(trace, outcomes)) + "\n"
                                     : comparison_text(trace, outcomes);
  if (!options.plots.empty()) {
    status.tell("drawing");
    AION_TRY(const std::size_t drawn, write_plots(options.plots, trace, outcomes));
    if (!options.is_json) {
      text += "\n" + std::to_string(drawn) + " drawings, each as SVG and PNG, are in " +
              options.plots.string() + "\n";
    }
  }
  return text;
}

Exit run(const Arguments& arguments) {
  if (arguments.has("list")) {
    return list(arguments);
  }
  const auto options = read_simulate_options(arguments);
  if (!options) {
    return cli::failed(options.error());
  }
  const auto text = options->nodes.empty() ? simulate(*options) : place(*options);
  if (!text) {
    cli::say_error(text.error().message);
    return Exit::Failed;
  }
  std::fputs(text->c_str(), stdout);
  return Exit::Done;
}

}  // namespace

cli::Command simulate_command() {
  return {"simulate",
          "[TRACE]",
          0,
          1,
          "replay a trace under scheduling policies and compare them; needs no daemon",
          simulate_flags(),
          run};
}

}  // namespace aion::local
