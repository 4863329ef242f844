#include "local/schedule_plots.h"

#include <algorithm>
#include <string>
#include <system_error>

#include "base/file.h"
#include "plot/png.h"
#include "plot/svg.h"
#include "simulate/plots.h"

namespace aion::local {

namespace {

Result<void> write(const std::filesystem::path& stem, const plot::Drawing& drawing) {
  constexpr double kSharp = 2;
  AION_TRY_VOID(replace_file(stem.string() + ".svg", plot::to_svg(drawing)));
  AION_TRY(const std::string png, plot::to_png(drawing, plot::Theme::Light, kSharp));
  return replace_file(stem.string() + ".png", png);
}

/// A policy's name in a file's name.
std::string file_name(std::string name) {
  std::ranges::replace(name, '/', '-');
  return name;
}

}  // namespace

Result<std::size_t> write_plots(const std::filesystem::path& folder,
                                const simulate::Trace& trace,
                                const std::vector<Outcome>& outcomes) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) {
    return Error{Code::FailedPrecondition,
                 "cannot make the folder '" + folder.string() + "': " + failed.message()};
  }
  std::vector<simulate::NamedSchedule> schedules;
  for (const Outcome& outcome : outcomes) {
    schedules.push_back({outcome.policy, outcome.replay.runs, outcome.replay.starts});
  }
  const std::int32_t processors = outcomes.front().replay.processors;
  AION_TRY_VOID(write(folder / "utilisation",
                      plot::draw(simulate::utilisation_chart(trace, schedules, processors))));
  AION_TRY_VOID(write(folder / "waits", plot::draw(simulate::wait_chart(trace, schedules))));
  for (const simulate::NamedSchedule& schedule : schedules) {
    AION_TRY_VOID(write(folder / ("gantt-" + file_name(schedule.name)),
                        plot::draw(simulate::gantt_chart(trace, schedule, processors))));
  }
  return 2 + schedules.size();
}

}  // namespace aion::local
