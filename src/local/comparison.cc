#include "local/comparison.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "cli/table.h"
#include "plot/ticks.h"

namespace aion::local {

namespace {

std::string number_text(double number, const char* format) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, number);
  return text.data();
}

std::string share_text(double share) {
  constexpr double kPerCent = 100;
  return number_text(share * kPerCent, "%.1f %%");
}

/// In thousands of seconds it would say less to people than it does so.
std::string sum_text(std::int64_t seconds) {
  return plot::grouped(static_cast<long long>(seconds));
}

std::int32_t processors_of(const std::vector<Outcome>& outcomes) {
  return outcomes.empty() ? 0 : outcomes.front().replay.processors;
}

using Row = std::vector<std::string>;

/// Which columns the table has beside those that are always there.
struct Columns {
  bool deadlines = false;
  bool stops = false;
  bool users = false;
};

Columns columns_for(const std::vector<Outcome>& outcomes) {
  Columns shown;
  for (const Outcome& outcome : outcomes) {
    shown.deadlines = shown.deadlines || outcome.figures.deadlines > 0;
    shown.stops = shown.stops || outcome.replay.preemptions > 0;
    shown.users = shown.users || outcome.figures.users > 1;
  }
  return shown;
}

Row heading(const Columns& shown) {
  Row row{"POLICY", "UTILISATION", "SUM C", "MEAN FLOW", "SLOWDOWN", "P99 WAIT", "MAX WAIT", "GAP"};
  if (shown.users) {
    row.emplace_back("FAIRNESS");
  }
  if (shown.deadlines) {
    row.emplace_back("DEADLINES");
  }
  if (shown.stops) {
    row.insert(row.end(), {"STOPPED", "LOST"});
  }
  row.emplace_back("ENGINE");
  return row;
}

Row row_of(const Outcome& outcome, const Columns& shown) {
  constexpr double kMilli = 1e3;
  const simulate::Figures& figures = outcome.figures;
  Row row{outcome.policy,
          share_text(figures.utilisation_of_arrivals),
          sum_text(figures.sum_of_completions),
          plot::short_duration(figures.mean_flow),
          number_text(figures.mean_bounded_slowdown, "%.2f"),
          plot::short_duration(static_cast<double>(figures.p99_wait)),
          plot::short_duration(static_cast<double>(figures.max_wait)),
          outcome.gap ? share_text(*outcome.gap) : "-"};
  if (shown.users) {
    row.push_back(number_text(figures.fairness, "%.2f"));
  }
  if (shown.deadlines) {
    row.push_back(figures.deadlines > 0 ? share_text(static_cast<double>(figures.deadlines_met) /
                                                     static_cast<double>(figures.deadlines))
                                        : "-");
  }
  if (shown.stops) {
    row.push_back(plot::grouped(static_cast<long long>(outcome.replay.preemptions)));
    row.push_back(plot::short_duration(static_cast<double>(outcome.replay.seconds_lost)));
  }
  row.push_back(number_text(outcome.took.count() * kMilli, "%.1f ms"));
  return row;
}

}  // namespace

std::string comparison_text(const simulate::Trace& trace, const std::vector<Outcome>& outcomes) {
  const Columns shown = columns_for(outcomes);
  std::vector<Row> rows{heading(shown)};
  for (const Outcome& outcome : outcomes) {
    rows.push_back(row_of(outcome, shown));
  }
  std::string text = trace.name + ": " + plot::grouped(static_cast<long long>(trace.jobs.size())) +
                     " jobs on " + plot::grouped(processors_of(outcomes)) + " processors";
  if (trace.dropped > 0 || trace.cut > 0) {
    text += " (" + plot::grouped(trace.dropped) + " records dropped, " + plot::grouped(trace.cut) +
            " runtimes cut to the request)";
  }
  return text + "\n\n" + cli::columns(rows);
}

Json comparison_json(const simulate::Trace& trace, const std::vector<Outcome>& outcomes) {
  Json policies = Json::array();
  for (const Outcome& outcome : outcomes) {
    const simulate::Figures& figures = outcome.figures;
    Json one{{"name", outcome.policy},
             {"utilisation", figures.utilisation},
             {"utilisation_of_arrivals", figures.utilisation_of_arrivals},
             {"sum_of_completions", figures.sum_of_completions},
             {"mean_flow", figures.mean_flow},
             {"mean_wait", figures.mean_wait},
             {"p95_wait", figures.p95_wait},
             {"p99_wait", figures.p99_wait},
             {"max_wait", figures.max_wait},
             {"mean_bounded_slowdown", figures.mean_bounded_slowdown},
             {"makespan", figures.makespan},
             {"users", figures.users},
             {"fairness_of_users", figures.fairness},
             {"deadlines", figures.deadlines},
             {"deadlines_met", figures.deadlines_met},
             {"preemptions", outcome.replay.preemptions},
             {"processor_seconds_lost", outcome.replay.seconds_lost},
             {"decisions", outcome.replay.decisions},
             {"engine_seconds", outcome.took.count()}};
    if (outcome.gap) {
      one["gap"] = *outcome.gap;
    }
    policies.push_back(std::move(one));
  }
  return {{"trace",
           {{"name", trace.name},
            {"jobs", trace.jobs.size()},
            {"processors", processors_of(outcomes)},
            {"dropped", trace.dropped},
            {"cut", trace.cut}}},
          {"policies", std::move(policies)}};
}

}  // namespace aion::local
