#include "simulate/plots.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <queue>

#include "base/assert.h"

namespace aion::simulate {
namespace {

constexpr std::size_t kTimes = 400;        // of a line of utilisation
constexpr std::size_t kMostWaits = 2'000;  // points of a line of waits

struct Lanes {
  std::int64_t first;
  std::int64_t count;
};

/// The processors that nobody holds.
class FreeLanes {
 public:
  explicit FreeLanes(std::int64_t count) { free_[0] = count; }

  /// The lowest ones.
  std::vector<Lanes> take(std::int64_t count) {
    std::vector<Lanes> taken;
    while (count > 0) {
      AION_ASSERT(!free_.empty());
      const auto [first, length] = *free_.begin();
      const std::int64_t part = std::min(length, count);
      free_.erase(free_.begin());
      if (part < length) {
        free_[first + part] = length - part;
      }
      taken.push_back({first, part});
      count -= part;
    }
    return taken;
  }

  void give_back(Lanes lanes) {
    auto after = free_.lower_bound(lanes.first);
    if (after != free_.end() && after->first == lanes.first + lanes.count) {
      lanes.count += after->second;
      after = free_.erase(after);
    }
    if (after != free_.begin()) {
      const auto before = std::prev(after);
      if (before->first + before->second == lanes.first) {
        before->second += lanes.count;
        return;
      }
    }
    free_[lanes.first] = lanes.count;
  }

 private:
  std::map<std::int64_t, std::int64_t> free_;  // begin -> how many, no two of them neighbours
};

struct Held {
  std::int64_t end;
  Lanes lanes;

  bool operator<(const Held& other) const { return end > other.end; }  // the first end on top
};

std::vector<Run> by_start(std::span<const Run> runs) {
  std::vector<Run> sorted(runs.begin(), runs.end());
  // What was stopped in the second in which it started held nothing for any time.
  std::erase_if(sorted, [](const Run& run) { return run.end <= run.start; });
  std::sort(sorted.begin(), sorted.end(), [](const Run& a, const Run& b) {
    return a.start != b.start ? a.start < b.start : a.job < b.job;
  });
  return sorted;
}

std::int64_t last_end(std::span<const NamedSchedule> schedules) {
  std::int64_t last = 1;
  for (const NamedSchedule& schedule : schedules) {
    for (const Run& run : schedule.runs) {
      last = std::max(last, run.end);
    }
  }
  return last;
}

std::int64_t first_submission(const Trace& trace) {
  return trace.jobs.empty() ? 0 : trace.jobs.front().submit;
}

std::string about(const Trace& trace, std::int32_t processors) {
  return trace.name + ": " + plot::grouped(static_cast<long long>(trace.jobs.size())) + " jobs, " +
         plot::grouped(processors) + " processors";
}

/// The mean share in use in each of kTimes equal times from `begin` to `end`.
std::vector<plot::Point> mean_use(const Trace& trace,
                                  std::span<const Run> runs,
                                  std::int32_t processors,
                                  double begin,
                                  double end) {
  const double width = (end - begin) / static_cast<double>(kTimes);
  // How the use changes at the begin of each time, and what of its own each has beside that.
  std::vector<double> change(kTimes + 1);
  std::vector<double> own(kTimes + 1);
  const auto add_edge = [&](std::int64_t when, double held) {
    const double at =
        std::clamp((static_cast<double>(when) - begin) / width, 0.0, static_cast<double>(kTimes));
    const auto cell = static_cast<std::size_t>(at);
    own[cell] += held * (1 - (at - static_cast<double>(cell)));
    if (cell < kTimes) {
      change[cell + 1] += held;
    }
  };
  for (const Run& run : runs) {
    const double held = std::min(trace.jobs[run.job].processors, processors);
    add_edge(run.start, held);
    add_edge(run.end, -held);
  }
  std::vector<plot::Point> points;
  double level = 0;
  for (std::size_t i = 0; i < kTimes; ++i) {
    level += change[i];
    points.push_back({begin + static_cast<double>(i) * width, (level + own[i]) / processors});
  }
  points.push_back({end, points.back().y});
  return points;
}

std::vector<plot::Point> wait_points(const Trace& trace, std::span<const std::int64_t> starts) {
  std::vector<std::int64_t> waits(starts.size());
  for (std::size_t i = 0; i < starts.size(); ++i) {
    waits[i] = starts[i] - trace.jobs[i].submit;
  }
  std::sort(waits.begin(), waits.end());
  // Of equal waits the last says how many have waited no longer; of a long trace every n-th is
  // kept.
  const auto count = static_cast<double>(waits.size());
  std::vector<plot::Point> points{{1, 0}};
  for (std::size_t i = 0; i < waits.size(); ++i) {
    const bool is_last = i + 1 == waits.size();
    const double share = static_cast<double>(i + 1) / count;
    if (is_last || (waits[i + 1] != waits[i] && share - points.back().y >= 1.0 / kMostWaits)) {
      points.push_back({static_cast<double>(waits[i]), share});
    }
  }
  return points;
}

}  // namespace

plot::GanttChart gantt_chart(const Trace& trace,
                             const NamedSchedule& schedule,
                             std::int32_t processors) {
  plot::GanttChart chart;
  chart.title = "Who holds which processors: " + schedule.name;
  chart.subtitle = about(trace, processors);
  chart.lanes_name = "processors";
  chart.lanes = processors;
  chart.begin = static_cast<double>(first_submission(trace));
  chart.end = static_cast<double>(last_end({&schedule, 1}));
  FreeLanes free(processors);
  std::priority_queue<Held> held;
  for (const Run& run : by_start(schedule.runs)) {
    while (!held.empty() && held.top().end <= run.start) {
      free.give_back(held.top().lanes);
      held.pop();
    }
    const TraceJob& job = trace.jobs[run.job];
    const auto group = static_cast<std::uint32_t>(job.user >= 0 ? job.user : job.id);
    for (const Lanes& lanes : free.take(std::min(job.processors, processors))) {
      held.push({run.end, lanes});
      chart.bars.push_back({static_cast<double>(run.start),
                            static_cast<double>(run.end),
                            static_cast<double>(lanes.first),
                            static_cast<double>(lanes.count),
                            group});
    }
  }
  return chart;
}

plot::PanelChart utilisation_chart(const Trace& trace,
                                   std::span<const NamedSchedule> schedules,
                                   std::int32_t processors) {
  plot::PanelChart chart;
  chart.title = "Utilisation over time";
  chart.subtitle = about(trace, processors);
  const auto begin = static_cast<double>(first_submission(trace));
  const auto end = std::max(static_cast<double>(last_end(schedules)), begin + 1);
  chart.x = {"time", plot::Scale::Duration, begin, end};
  chart.y = {"processors in use", plot::Scale::Share, 0.0, 1.0};
  for (const NamedSchedule& schedule : schedules) {
    chart.series.push_back(
        {schedule.name, mean_use(trace, schedule.runs, processors, begin, end), true});
  }
  return chart;
}

plot::LineChart wait_chart(const Trace& trace, std::span<const NamedSchedule> schedules) {
  plot::LineChart chart;
  chart.title = "How long jobs wait";
  chart.subtitle = trace.name + ": the share of jobs that wait no longer (1 s or less at the left)";
  chart.x = {"wait", plot::Scale::LogDuration, 1.0};
  chart.y = {"share of jobs", plot::Scale::Share, 0.0, 1.0};
  for (const NamedSchedule& schedule : schedules) {
    chart.series.push_back({schedule.name, wait_points(trace, schedule.starts), true});
  }
  return chart;
}

}  // namespace aion::simulate
