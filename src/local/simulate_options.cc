#include "local/simulate_options.h"

#include <array>
#include <limits>
#include <span>
#include <string_view>
#include <utility>

#include "cli/number_flag.h"
#include "sched/cluster/placements.h"
#include "sched/policies.h"
#include "sched/policy/order.h"

namespace aion::local {

namespace {

using cli::Arguments;
using cli::number_flag;
using sched::Discipline;
using sched::Estimates;

// What a comparison shows when nothing is said.
constexpr std::array kUsual{"fcfs", "sjf-req", "easy", "easy-sjbf", "cons", "default"};

template <class Value>
struct Choice {
  std::string_view name;
  Value value;
};

constexpr std::array kTies{Choice<simulate::Ties>{"batch", simulate::Ties::Batch},
                           Choice<simulate::Ties>{"event", simulate::Ties::Event}};
constexpr std::array kDisciplines{Choice<Discipline>{"strict", Discipline::Strict},
                                  Choice<Discipline>{"greedy", Discipline::Greedy},
                                  Choice<Discipline>{"easy", Discipline::Easy},
                                  Choice<Discipline>{"preemptive", Discipline::Preemptive}};
constexpr std::array kEstimates{Choice<Estimates>{"requested", Estimates::Requested},
                                Choice<Estimates>{"actual", Estimates::Actual},
                                Choice<Estimates>{"tempered", Estimates::Tempered},
                                Choice<Estimates>{"predicted", Estimates::Predicted}};

/// The flag's value among the choices; the first one when it was not given.
template <class Value>
Result<Value> choice_flag(const Arguments& arguments,
                          const std::string& flag,
                          std::span<const Choice<Value>> choices,
                          Value otherwise) {
  const auto text = arguments.value(flag);
  if (!text) {
    return otherwise;
  }
  std::string names;
  for (const Choice<Value>& choice : choices) {
    if (choice.name == *text) {
      return choice.value;
    }
    names += (names.empty() ? "" : ", ") + std::string(choice.name);
  }
  return Error{Code::InvalidArgument,
               "--" + flag + ": expected one of " + names + ", got '" + *text + "'"};
}

/// All values of a flag that may be repeated or separated by commas.
std::vector<std::string> listed(const Arguments& arguments, std::string_view flag) {
  std::vector<std::string> all;
  for (const std::string& value : arguments.values(flag)) {
    std::size_t begin = 0;
    while (begin <= value.size()) {
      const std::size_t end = std::min(value.find(',', begin), value.size());
      all.push_back(value.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  return all;
}

/// A policy made of an order and what else is said.
Result<WantedPolicy> own_policy(const Arguments& arguments, const std::string& order) {
  auto found = sched::find_order(order);
  if (!found) {
    return in_context("--order", std::move(found).error());
  }
  sched::Policy policy;
  policy.order = *found;
  policy.backfill = *found;
  AION_TRY(policy.discipline,
           choice_flag<Discipline>(arguments, "discipline", kDisciplines, Discipline::Easy));
  AION_TRY(policy.estimates,
           choice_flag<Estimates>(arguments, "estimates", kEstimates, Estimates::Requested));
  policy.ranking = policy.estimates;
  AION_TRY(policy.restart_cost, number_flag<std::int64_t>(arguments, "restart-s", 0, 0, 86'400));
  const std::string discipline = arguments.value("discipline").value_or("easy");
  return WantedPolicy{order + "/" + discipline, policy};
}

Result<std::vector<WantedPolicy>> policies_of(const Arguments& arguments) {
  std::vector<WantedPolicy> policies;
  for (const std::string& name : listed(arguments, "policy")) {
    const auto policy = sched::find_policy(name);
    if (!policy) {
      return in_context("--policy", policy.error());
    }
    policies.push_back({name, *policy});
  }
  for (const std::string& name : listed(arguments, "order")) {
    AION_TRY(WantedPolicy policy, own_policy(arguments, name));
    policies.push_back(std::move(policy));
  }
  for (const char* flag : {"discipline", "estimates", "restart-s"}) {
    if (arguments.value(flag) && arguments.values("order").empty()) {
      return Error{Code::InvalidArgument,
                   "--" + std::string(flag) + ": expected --order beside it, got none"};
    }
  }
  if (policies.empty()) {
    for (const char* name : kUsual) {
      policies.push_back({name, *sched::find_policy(name)});
    }
  }
  return policies;
}

Result<simulate::SyntheticOptions> synthetic_of(const Arguments& arguments) {
  constexpr std::int64_t kMostJobs = 100'000'000;
  simulate::SyntheticOptions options;
  AION_TRY(options.jobs, number_flag<std::int64_t>(arguments, "jobs", options.jobs, 1, kMostJobs));
  AION_TRY(
      options.processors,
      number_flag<std::int32_t>(
          arguments, "procs", options.processors, 1, std::numeric_limits<std::int32_t>::max()));
  AION_TRY(options.load, number_flag<double>(arguments, "load", options.load, 0.01, 10));
  AION_TRY(options.seed,
           number_flag<std::uint64_t>(
               arguments, "seed", options.seed, 0, std::numeric_limits<std::int64_t>::max()));
  AION_TRY(
      options.widest,
      number_flag<std::int32_t>(arguments, "widest", options.processors, 1, options.processors));
  AION_TRY_VOID(options.check());
  return options;
}

/// All there are, when none is named.
Result<std::vector<std::string>> placements_of(const Arguments& arguments) {
  std::vector<std::string> names = listed(arguments, "placement");
  for (const std::string& name : names) {
    if (const auto known = sched::find_placement(name); !known) {
      return in_context("--placement", known.error());
    }
  }
  for (const sched::PlacementPolicy& known : sched::placements()) {
    if (arguments.values("placement").empty()) {
      names.emplace_back(known.name);
    }
  }
  return names;
}

Result<void> read_placements(const Arguments& arguments, SimulateOptions& options) {
  options.nodes = arguments.value("nodes").value_or("");
  options.arrivals = arguments.has("timed") ? simulate::Arrivals::Timed : simulate::Arrivals::Drawn;
  for (const char* flag : {"placement", "timed"}) {
    if (options.nodes.empty() && !arguments.values(flag).empty()) {
      return Error{Code::InvalidArgument,
                   "--" + std::string(flag) + ": expected --nodes beside it, got none"};
    }
  }
  for (const char* flag : {"policy", "order", "starts", "plot", "generate"}) {
    if (!options.nodes.empty() && !arguments.values(flag).empty()) {
      return Error{Code::InvalidArgument,
                   "--nodes: expected no --" + std::string(flag) +
                       " beside it, which is for traces of jobs"};
    }
  }
  AION_TRY(options.placements, placements_of(arguments));
  return {};
}

Result<void> check_together(const SimulateOptions& options, const Arguments& arguments) {
  if (options.synthetic && !options.trace.empty()) {
    return Error{Code::InvalidArgument,
                 "--generate: expected no TRACE beside it, got '" + options.trace.string() + "'"};
  }
  if (!options.synthetic && options.trace.empty()) {
    return Error{Code::InvalidArgument, "expected a TRACE, or --generate to make one up"};
  }
  for (const char* flag : {"jobs", "load", "seed", "widest", "output"}) {
    if (!options.synthetic && arguments.value(flag)) {
      return Error{Code::InvalidArgument,
                   "--" + std::string(flag) + ": expected --generate beside it, got none"};
    }
  }
  if (!options.starts.empty() && options.policies.size() != 1) {
    return Error{Code::InvalidArgument,
                 "--starts: expected one --policy, got " + std::to_string(options.policies.size())};
  }
  return {};
}

}  // namespace

std::vector<cli::Option> simulate_flags() {
  return {
      {"policy",
       "NAME",
       "policy to replay under; repeatable, or several with commas; see --list",
       true},
      {"order",
       "NAME",
       "the same by an order, with --discipline and --estimates; repeatable",
       true},
      {"discipline", "NAME", "of --order: strict, greedy, easy or preemptive (default easy)"},
      {"estimates",
       "NAME",
       "of --order: requested, actual, tempered or predicted (default requested)"},
      {"restart-s", "N", "of --order preemptive: seconds that a restart costs (default 0)"},
      {"ties", "NAME", "what happens at one instant: batch or event (default batch)"},
      {"procs", "N", "processors of the machine (default: as the trace says)"},
      {"every", "N", "take the records 0, N, 2 N, ... of the trace (default 1)"},
      {"throughputs", "FILE", "Gavel's table of throughputs (default: beside the trace)"},
      {"starts", "FILE", "write a line '<job id> <start>' for each job"},
      {"plot", "DIR", "draw utilisation, waits and Gantt charts, as SVG and PNG"},
      {"no-gap", "", "leave the lower bound out, which takes seconds on millions of jobs"},
      {"nodes", "FILE", "place the pods of TRACE (openb) on the machines of this one, instead"},
      {"placement",
       "NAME",
       "of --nodes: where pods go (default: all there are); repeatable, or several with commas",
       true},
      {"timed",
       "",
       "of --nodes: pods come and go when TRACE says, and are not drawn until the machines are "
       "full"},
      {"generate", "", "make a trace up instead of reading one"},
      {"jobs", "N", "of --generate (default 10000)"},
      {"load", "X", "of --generate: work over what the machine can do (default 0.8)"},
      {"seed", "N", "of --generate: another trace (default 1)"},
      {"widest", "N", "of --generate: most processors of one job (default: all there are)"},
      {"output", "FILE", "of --generate: write it as SWF (- = stdout) instead of replaying it"},
      {"list", "", "print the policies and orders there are"},
      {"json", "", "print JSON"},
  };
}

Result<SimulateOptions> read_simulate_options(const Arguments& arguments) {
  SimulateOptions options;
  options.is_json = arguments.has("json");
  options.wants_gap = !arguments.has("no-gap");
  if (!arguments.words.empty()) {
    options.trace = arguments.words.front();
  }
  if (arguments.has("generate")) {
    AION_TRY(options.synthetic, synthetic_of(arguments));
  }
  AION_TRY(options.read.processors,
           number_flag<std::int32_t>(
               arguments, "procs", 0, 1, std::numeric_limits<std::int32_t>::max()));
  AION_TRY(options.read.every,
           number_flag<std::int64_t>(
               arguments, "every", 1, 1, std::numeric_limits<std::int32_t>::max()));
  options.read.throughputs = arguments.value("throughputs").value_or("");
  AION_TRY(options.ties,
           choice_flag<simulate::Ties>(arguments, "ties", kTies, simulate::Ties::Batch));
  AION_TRY(options.policies, policies_of(arguments));
  options.starts = arguments.value("starts").value_or("");
  options.plots = arguments.value("plot").value_or("");
  options.output = arguments.value("output").value_or("");
  AION_TRY_VOID(read_placements(arguments, options));
  AION_TRY_VOID(check_together(options, arguments));
  return options;
}

}  // namespace aion::local
