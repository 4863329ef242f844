#include "cli/job_view.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <vector>

#include "base/bytes.h"
#include "cli/table.h"

namespace aion::cli {

namespace {

std::string time_text(const Json& ms) {
  if (!ms.is_number()) {
    return "-";
  }
  const auto seconds = static_cast<std::time_t>(ms.get<std::int64_t>() / 1000);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%m-%d %H:%M:%S", &parts);
  return text.data();
}

std::string span_text(double seconds) {
  std::array<char, 32> text{};
  if (seconds < 60) {
    std::snprintf(text.data(), text.size(), "%.1f s", seconds);
  } else if (seconds < 3600) {
    std::snprintf(text.data(), text.size(), "%d:%02d min", int(seconds) / 60, int(seconds) % 60);
  } else {
    std::snprintf(
        text.data(), text.size(), "%d:%02d h", int(seconds) / 3600, int(seconds) / 60 % 60);
  }
  return text.data();
}

/// For how long it has run, or did.
std::string run_text(const Json& job) {
  if (!job.at("started_ms").is_number()) {
    return "-";
  }
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  const Json& ended = job.at("ended_ms");
  const auto end = ended.is_number() ? ended.get<std::int64_t>() : std::int64_t{now};
  return span_text(static_cast<double>(end - job.at("started_ms").get<std::int64_t>()) / 1000);
}

std::string wish_text(const Json& job) {
  std::string text = job.at("cores").dump() + " cores, " +
                     to_string(Bytes{job.value("memory_bytes", std::uint64_t{0})});
  if (job.value("gpus", 0.0) > 0) {
    text += ", " + job.at("gpus").dump() + " GPUs";
  }
  return job.value("members", 1) > 1 ? job.at("members").dump() + " x (" + text + ")" : text;
}

}  // namespace

Result<std::string> list_text(const Json& answer) {
  std::vector<std::vector<std::string>> rows{
      {"JOB", "NAME", "STATE", "WANTS", "SUBMITTED", "RAN", "REASON"}};
  for (const Json& job : answer.at("jobs")) {
    std::string number = job.at("number").dump();
    if (job.contains("array")) {
      number += " (" + job.at("array").dump() + "[" + job.at("array_index").dump() + "])";
    }
    rows.push_back({number,
                    job.value("name", ""),
                    job.value("state", ""),
                    wish_text(job),
                    time_text(job.at("submitted_ms")),
                    run_text(job),
                    job.value("reason", "")});
  }
  std::string counts;
  for (const auto& [state, count] : answer.at("counts").items()) {
    counts += (counts.empty() ? "" : ", ") + count.dump() + " " + state;
  }
  return columns(rows) + (counts.empty() ? "" : "\nin all: " + counts + "\n");
}

Result<std::string> show_text(const Json& job) {
  std::vector<std::vector<std::string>> rows{
      {"job", job.at("number").dump() + "  " + job.value("name", "")},
      {"state", job.value("why", "")},
      {"wants", wish_text(job)},
      {"submitted", time_text(job.at("submitted_ms"))},
      {"ran", run_text(job) + ", attempt " + job.at("attempt").dump()}};
  if (job.contains("engine")) {
    rows.push_back({"on", job.value("where", "") + ", held by " + job.value("level", "")});
  }
  if (const Json& end = job.at("end"); end.is_object()) {
    rows.push_back({"used",
                    span_text(end.value("cpu_ms", 0.0) / 1000) + " of CPU, " +
                        to_string(Bytes{end.value("peak_memory_bytes", std::uint64_t{0})}) +
                        " of memory"});
  }
  std::string command;
  for (const Json& word : job.at("spec").at("command")) {
    command += (command.empty() ? "" : " ") + word.get<std::string>();
  }
  rows.push_back({"command", command});
  rows.push_back({"folder", job.at("spec").value("folder", "")});
  if (job.contains("environment")) {
    const Json& environment = job.at("environment");
    std::string contents = environment.value("contents", "");
    std::ranges::replace(contents, '\n', ' ');
    rows.push_back({"environment", environment.value("python", "") + ": " + contents});
  }
  std::vector<std::vector<std::string>> story{{"AT", "STATE", "BECAUSE"}};
  for (const Json& step : job.at("story")) {
    const std::string words = step.value("words", "");
    story.push_back({time_text(step.at("at_ms")),
                     step.value("to", ""),
                     step.value("event", "") + (words.empty() ? "" : ": " + words)});
  }
  return columns(rows) + "\n" + columns(story);
}

Result<std::string> environments_text(const Json& answer) {
  std::vector<std::vector<std::string>> rows{{"ENVIRONMENT", "PYTHON", "SIZE", "USED", "PACKAGES"}};
  constexpr std::size_t kShownKey = 12;
  for (const Json& one : answer.at("environments")) {
    std::string contents = one.value("contents", "");
    std::ranges::replace(contents, '\n', ' ');
    rows.push_back({one.value("key", "").substr(0, kShownKey),
                    one.value("python", ""),
                    to_string(Bytes{one.value("size_bytes", std::uint64_t{0})}),
                    time_text(one.at("used_ms")),
                    contents});
  }
  return columns(rows);
}

}  // namespace aion::cli
