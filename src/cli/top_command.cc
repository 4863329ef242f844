#include "cli/top_command.h"

#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>
#include <utility>

#include "cli/number_flag.h"
#include "cli/terminal.h"
#include "cli/top_view.h"

namespace aion::cli {

namespace {

Result<Look> look(Connection& connection) {
  Look now;
  AION_TRY(now.status, connection.get("/api/aion/v1/status"));
  AION_TRY(now.devices, connection.get("/api/aion/v1/devices"));
  AION_TRY(now.models, connection.get("/api/aion/v1/activity"));
  // Only who shows the data folder's token is told of jobs.
  auto jobs = connection.get("/api/aion/v1/jobs?open=true&limit=1000");
  now.jobs = jobs ? *std::move(jobs) : Json();
  now.at = std::chrono::steady_clock::now();
  return now;
}

struct Show {
  std::chrono::milliseconds interval;
  std::uint64_t frames = 0;  // 0 = until somebody leaves
  bool is_json = false;
};

/// One look and then one for each frame, an interval apart.
Result<void> print_frames(Connection& connection, const Show& show) {
  AION_TRY(Look before, look(connection));
  for (std::uint64_t frame = 0; show.frames == 0 || frame < show.frames; ++frame) {
    std::this_thread::sleep_for(show.interval);
    AION_TRY(Look now, look(connection));
    AION_TRY(const Json activity, read_answer([&] { return activity_between(before, now); }));
    AION_TRY(const std::string text, read_answer([&] { return top_text(activity); }));
    std::printf("%s\n", show.is_json ? to_text(activity).c_str() : text.c_str());
    std::fflush(stdout);
    before = std::move(now);
  }
  return {};
}

/// The first frame at once, without rates; then one an interval.
Result<void> show_live(Connection& connection, const Show& show) {
  AION_TRY(Look before, look(connection));
  Look now = before;
  const Terminal terminal;
  for (std::uint64_t frame = 1;; ++frame) {
    AION_TRY(const Json activity, read_answer([&] { return activity_between(before, now); }));
    AION_TRY(const std::string text, read_answer([&] { return top_text(activity); }));
    Terminal::show(text + "\nq leaves");
    if (frame == show.frames || !terminal.wait(show.interval)) {
      return {};
    }
    before = std::move(now);
    AION_TRY(now, look(connection));
  }
}

Exit top(const Arguments& arguments, const FindPlace& find) {
  constexpr double kLeastSeconds = 0.1;
  constexpr double kMostSeconds = 3600;
  const auto seconds = number_flag(arguments, "interval", 1.0, kLeastSeconds, kMostSeconds);
  if (!seconds) {
    return failed(seconds.error());
  }
  const bool is_json = arguments.has("json");
  const bool is_live = !is_json && Terminal::is_there();
  const auto frames = number_flag<std::uint64_t>(arguments, "count", is_live ? 0 : 1, 0, 1'000'000);
  if (!frames) {
    return failed(frames.error());
  }
  const auto url = daemon_url(arguments, find);
  if (!url) {
    return failed(url.error());
  }
  Connection connection(*url, owner_token(arguments, find));
  const Show show{
      std::chrono::milliseconds(static_cast<std::int64_t>(*seconds * 1000)), *frames, is_json};
  const auto done = is_live ? show_live(connection, show) : print_frames(connection, show);
  return done ? Exit::Done : failed(done.error());
}

}  // namespace

Command top_command(FindPlace find) {
  std::vector<Option> options = connection_options();
  options.push_back({"interval", "SECONDS", "between two looks, 0.1 to 3600 (default 1)"});
  options.push_back(
      {"count", "N", "leave after so many frames (default: 1; on a terminal 0, which is never)"});
  options.push_back({"json", "", "print a line of JSON for each frame"});
  const auto run = [find = std::move(find)](const Arguments& arguments) {
    return top(arguments, find);
  };
  return {"top",
          "",
          0,
          0,
          "watch devices, leases, models and jobs: rates, queues, times",
          std::move(options),
          run};
}

}  // namespace aion::cli
