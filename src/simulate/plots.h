// Pictures of a schedule.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "plot/chart.h"
#include "simulate/engine.h"
#include "simulate/trace.h"

namespace aion::simulate {

/// One schedule of a trace, with the name under which it is shown.
struct NamedSchedule {
  std::string name;
  std::span<const Run> runs;
  std::span<const std::int64_t> starts;  // by position in Trace::jobs
};

/// Which processors hold which job when. Processors are given from the lowest free one up; a job
/// whose processors are not all neighbours has several bars. Bars have the ink of their user.
///
/// runs         never more than `processors` at once
/// processors   > 0; larger jobs count as cut to it
[[nodiscard]] plot::GanttChart gantt_chart(const Trace& trace,
                                           const NamedSchedule& schedule,
                                           std::int32_t processors);

/// The share of the machine in use over time, averaged over 400 equal times, a panel a schedule.
[[nodiscard]] plot::PanelChart utilisation_chart(const Trace& trace,
                                                 std::span<const NamedSchedule> schedules,
                                                 std::int32_t processors);

/// The share of jobs that have waited no longer than that, a line a schedule.
[[nodiscard]] plot::LineChart wait_chart(const Trace& trace,
                                         std::span<const NamedSchedule> schedules);

}  // namespace aion::simulate
