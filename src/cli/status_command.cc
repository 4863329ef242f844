#include "cli/status_command.h"

#include <cstdio>
#include <utility>

#include "cli/connection.h"
#include "cli/table.h"

namespace aion::cli {

namespace {

std::string duration_text(std::int64_t ms) {
  const std::int64_t seconds = ms / 1000;
  if (seconds < 120) {
    return std::to_string(seconds) + " s";
  }
  if (seconds < 7'200) {
    return std::to_string(seconds / 60) + " min";
  }
  return std::to_string(seconds / 3'600) + " h " + std::to_string(seconds / 60 % 60) + " min";
}

Result<std::string> status_text(const std::string& url, const Json& answer) {
  const Json models = answer.value("models", Json::object());
  return columns({
      {"address", url},
      {"version", answer.value("version", "")},
      {"pid", std::to_string(answer.value("pid", 0))},
      {"up", duration_text(answer.value("uptime_ms", std::int64_t{0}))},
      {"ready", answer.value("ready", false) ? "yes" : "no"},
      {"models",
       std::to_string(models.value("ready", 0)) + " ready, " +
           std::to_string(models.value("not_ready", 0)) + " not"},
      {"leases", std::to_string(answer.value("leases", Json::array()).size())},
  });
}

Exit status(const Arguments& arguments, const FindPlace& find) {
  const auto url = daemon_url(arguments, find);
  if (!url) {
    return failed(url.error());
  }
  Connection connection(*url);
  const auto answer = connection.get("/api/aion/v1/status");
  if (!answer) {
    return failed(answer.error());
  }
  if (arguments.has("json")) {
    Json json = *answer;
    json["url"] = connection.url();
    std::printf("%s\n", to_text(json).c_str());
    return Exit::Done;
  }
  const auto text = read_answer([&] { return status_text(connection.url(), *answer); });
  if (!text) {
    return failed(text.error());
  }
  std::fputs(text->c_str(), stdout);
  return Exit::Done;
}

}  // namespace

Command status_command(FindPlace find) {
  std::vector<Option> options = connection_options();
  options.push_back({"json", "", "print JSON"});
  const auto run = [find = std::move(find)](const Arguments& arguments) {
    return status(arguments, find);
  };
  return {"status", "", 0, 0, "tell what the daemon is doing", std::move(options), run};
}

}  // namespace aion::cli
